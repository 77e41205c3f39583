import type { CombinedError } from "@urql/core";
import { messageOf } from "../api/errors";
import { toast } from "./Toasts";

interface Result<Data> { data?: Data; error?: CombinedError }

/** Return the data of a mutation; a problem is shown instead, and then the result is null. */
export async function attempt<Data>(request: PromiseLike<Result<Data>>, success?: string): Promise<Data | null> {
  const { data, error } = await request;
  if (error) toast(messageOf(error));
  else if (success) toast(success);
  return error ? null : (data ?? null);
}

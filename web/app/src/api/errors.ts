/** Reading of the server's errors; its messages say what to do and are shown as they are. */
import type { CombinedError } from "@urql/core";
import { t } from "../i18n";

export interface Conflict {
  rowId: string;
  column: string;
  currentText: string;
  currentValue: unknown;
  yourValue: unknown;
  editedBy: { name: string } | null;
  row: { id: string; version: number } | null;
}

export function codeOf(error: CombinedError | undefined): string | undefined {
  return error?.graphQLErrors[0]?.extensions.code as string | undefined;
}

export function messageOf(error: CombinedError): string {
  const [first] = error.graphQLErrors;
  if (!first) return messageOfStatus((error.response as Response | undefined)?.status);
  const fields = fieldErrorsOf(error);
  return fields[0] && fields.length === 1 ? fields[0].message : first.message;
}

/** What to say of a response that is no GraphQL, often of a proxy; without a status there was no response. */
function messageOfStatus(status: number | undefined): string {
  if (status === undefined) return t("error.offline");
  if (status === 413) return t("error.tooLarge");
  return status === 429 ? t("error.tooMany") : t("error.server", { status: String(status) });
}

/** Whether sending the same again can help: nothing answered, or a proxy did while the server restarts. */
export function isUnreachable({ graphQLErrors, response }: CombinedError): boolean {
  const status = (response as Response | undefined)?.status;
  return graphQLErrors.length === 0 && (status === undefined || [502, 503, 504].includes(status));
}

export function fieldErrorsOf(error: CombinedError): { field: string; message: string }[] {
  return (error.graphQLErrors[0]?.extensions.fieldErrors ?? []) as { field: string; message: string }[];
}

export function conflictsOf(error: CombinedError): Conflict[] {
  return (error.graphQLErrors[0]?.extensions.conflicts ?? []) as Conflict[];
}

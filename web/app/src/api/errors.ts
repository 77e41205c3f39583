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
  if (!first) return t("error.offline");
  const fields = fieldErrorsOf(error);
  return fields[0] && fields.length === 1 ? fields[0].message : first.message;
}

export function fieldErrorsOf(error: CombinedError): { field: string; message: string }[] {
  return (error.graphQLErrors[0]?.extensions.fieldErrors ?? []) as { field: string; message: string }[];
}

export function conflictsOf(error: CombinedError): Conflict[] {
  return (error.graphQLErrors[0]?.extensions.conflicts ?? []) as Conflict[];
}

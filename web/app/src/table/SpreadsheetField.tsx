import { useEffect, useState } from "react";
import { client } from "../api/client";
import { SpreadsheetsDocument } from "../api/generated";
import { formatDay, t } from "../i18n";
import { Field } from "../ui/Field";
import { SelectField } from "../ui/SelectField";

interface Sheet { url: string; label: string }

/** Choice of a spreadsheet that an earlier export has written, or of another by its address. */
export function SpreadsheetField({ value, onChange }: { value: string; onChange: (url: string) => void }) {
  const [sheets, setSheets] = useState<Sheet[]>([]);
  useEffect(() => {
    void client().query(SpreadsheetsDocument, {}, { requestPolicy: "network-only" }).toPromise().then(({ data }) => {
      const written = new Map<string, string>();
      for (const { spreadsheetUrl, sheetName, table, createdAt } of data?.exports.nodes ?? []) {
        if (spreadsheetUrl && !written.has(spreadsheetUrl)) written.set(spreadsheetUrl, [table.name, sheetName !== table.name && sheetName, formatDay(createdAt)].filter(Boolean).join(" · "));
      }
      setSheets([...written].map(([url, label]) => ({ url, label })));
    });
  }, []);
  const isListed = sheets.some(({ url }) => url === value);
  return (
    <>
      {sheets.length > 0 && (
        <SelectField label={t("export.sheet")} value={isListed ? value : ""} onChange={(event) => onChange(event.target.value)}>
          <option value="">{t("export.otherSheet")}</option>
          {sheets.map(({ url, label }) => <option key={url} value={url}>{label}</option>)}
        </SelectField>
      )}
      {!isListed && <Field label={t("export.sheetUrl")} type="url" required placeholder="https://docs.google.com/spreadsheets/d/…" value={value} onChange={(event) => onChange(event.target.value)} />}
    </>
  );
}

import { Trash2 } from "lucide-react";
import { useState } from "react";
import { useQuery } from "urql";
import { client } from "../api/client";
import { CreateItemDocument, DeleteItemDocument, ItemsDocument, UpdateItemDocument } from "../api/generated";
import { t } from "../i18n";
import { attempt } from "../ui/attempt";
import { Field } from "../ui/Field";
import { newKey } from "../ui/insecure";
import { Toggle } from "../ui/Toggle";

/** To-dos about a site; those of everybody in the organization who shares them. */
export function Items({ organizationId, siteId }: { organizationId: string; siteId: string }) {
  const [{ data }, reload] = useQuery({ query: ItemsDocument, variables: { organizationId }, requestPolicy: "cache-and-network" });
  const [title, setTitle] = useState("");
  const items = data?.items.nodes.filter(({ site }) => site?.id === siteId) ?? [];

  async function change(request: Parameters<typeof attempt>[0]): Promise<boolean> {
    const result = await attempt(request);
    reload({ requestPolicy: "network-only" });
    return result !== null;
  }
  async function create(): Promise<void> {
    const input = { title, siteId, visibility: "ORGANIZATION" as const, idempotencyKey: newKey() };
    if (await change(client().mutation(CreateItemDocument, { input }).toPromise())) setTitle("");
  }

  return (
    <>
      <h4>{t("item.title")}</h4>
      <ul className="rows">
        {items.map(({ id, title: text, isCompleted }) => (
          <li key={id}>
            <Toggle className="grow-row" isOn={isCompleted} label={<span dir="auto" className={isCompleted ? "completed" : ""}>{text}</span>} onChange={(isOn) => attempt(client().mutation(UpdateItemDocument, { id, isCompleted: isOn }).toPromise())} />
            <button type="button" className="icon-button" aria-label={t("deleteNamed", { name: text })} onClick={() => void change(client().mutation(DeleteItemDocument, { id }).toPromise())}><Trash2 size={15} aria-hidden /></button>
          </li>
        ))}
      </ul>
      <form className="row" onSubmit={(event) => { event.preventDefault(); void create(); }}>
        <Field label={t("item.new")} value={title} required maxLength={200} dir="auto" onChange={(event) => setTitle(event.target.value)} />
        <button type="submit">{t("item.create")}</button>
      </form>
    </>
  );
}

import { ArrowLeft } from "lucide-react";
import { useState } from "react";
import { useQuery } from "urql";
import { client } from "../api/client";
import { messageOf } from "../api/errors";
import { DeleteModuleDocument, ModuleReadingsDocument, RecordReadingsDocument, RestoreDocument, UpdateModuleDocument, type ModuleReadingsQuery, type ModuleStatus } from "../api/generated";
import { formatTime, language, t } from "../i18n";
import { attempt } from "../ui/attempt";
import { Field } from "../ui/Field";
import { newKey } from "../ui/insecure";
import { SelectField } from "../ui/SelectField";
import { toast } from "../ui/Toasts";
import { useLatest } from "../ui/useLatest";

type Reading = NonNullable<ModuleReadingsQuery["module"]>["readings"]["nodes"][number];
const STATUSES: ModuleStatus[] = ["ACTIVE", "DEGRADED", "OFFLINE", "RETIRED"];
const WIDTH = 600;
const HEIGHT = 120;

/** One module: its status, and its newest readings as a line and as numbers. */
export function ModuleView({ moduleId, isAdmin, onBack }: { moduleId: string; isAdmin: boolean; onBack: () => void }) {
  const [metric, setMetric] = useState<string | null>(null);
  const [{ data: response, error }, reload] = useQuery({ query: ModuleReadingsDocument, variables: { id: moduleId, metric }, requestPolicy: "cache-and-network" });
  const module = useLatest(response, moduleId)?.module;
  const refresh = (): void => reload({ requestPolicy: "network-only" });
  const [metrics, setMetrics] = useState<string[]>([]);
  const listed = [...new Set([...metrics, ...(module?.readings.nodes.map((reading) => reading.metric) ?? [])])];
  if (listed.length > metrics.length) setMetrics(listed);

  async function remove(): Promise<void> {
    if (!(await attempt(client().mutation(DeleteModuleDocument, { id: moduleId }).toPromise()))) return;
    toast(t("deletedNamed", { name: module?.name ?? "" }), { label: t("undo"), run: () => void attempt(client().mutation(RestoreDocument, { id: moduleId }).toPromise(), t("restored")) });
    onBack();
  }

  if (!module) return <p className="empty" role="status">{error ? messageOf(error) : t("loading")}</p>;
  const shown = metric ?? listed[0] ?? null;
  const readings = module.readings.nodes.filter((reading) => reading.metric === shown);
  return (
    <>
      <div className="row"><button type="button" className="icon-button" aria-label={t("back")} onClick={onBack}><ArrowLeft size={18} className="flip" aria-hidden /></button><h3 className="grow" dir="auto">{module.name}</h3>{isAdmin && <button type="button" className="dangerous" onClick={() => void remove()}>{t("delete")}</button>}</div>
      <p className="hint" dir="auto">{[module.kind, module.serialNumber].filter(Boolean).join(" · ")}</p>
      {isAdmin
        ? <SelectField label={t("module.status")} value={module.status} onChange={(event) => void attempt(client().mutation(UpdateModuleDocument, { input: { id: moduleId, status: event.target.value as ModuleStatus } }).toPromise(), t("saved"))}>{STATUSES.map((one) => <option key={one} value={one}>{t(`module.${one}`)}</option>)}</SelectField>
        : <p><span className="badge">{t(`module.${module.status}`)}</span></p>}
      {listed.length > 1 && <SelectField label={t("reading.metric")} value={shown ?? ""} onChange={(event) => setMetric(event.target.value)}>{listed.map((one) => <option key={one} value={one}>{one}</option>)}</SelectField>}
      {shown && <h4 dir="auto">{shown}</h4>}
      {readings.length ? <Readings readings={readings} /> : <p className="hint">{t("reading.none")}</p>}
      {isAdmin && <NewReading moduleId={moduleId} metric={shown ?? ""} onRecorded={refresh} />}
    </>
  );
}

function Readings({ readings }: { readings: Reading[] }) {
  const ordered = readings.toSorted((a, b) => a.at.localeCompare(b.at));
  const values = ordered.map(({ value }) => value);
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const [start, end] = [Date.parse(ordered[0]!.at), Date.parse(ordered.at(-1)!.at)];
  const format = (value: number): string => value.toLocaleString(language.get(), { maximumFractionDigits: 4 });
  const points = ordered.map(({ at, value }) => {
    const x = end > start ? ((Date.parse(at) - start) / (end - start)) * WIDTH : WIDTH / 2;
    const y = high > low ? HEIGHT - ((value - low) / (high - low)) * HEIGHT : HEIGHT / 2;
    return `${x.toFixed(1)},${y.toFixed(1)}`;
  });
  return (
    <>
      {ordered.length > 1 && (
        <svg className="chart" viewBox={`-4 -4 ${WIDTH + 8} ${HEIGHT + 8}`} role="img" aria-label={t("reading.range", { low: format(low), high: format(high) })}>
          <polyline points={points.join(" ")} fill="none" stroke="currentColor" strokeWidth="2" strokeLinejoin="round" vectorEffect="non-scaling-stroke" />
        </svg>
      )}
      <p className="hint">{t("reading.range", { low: format(low), high: format(high) })}</p>
      <div className="scroll-x readings" tabIndex={0} role="region" aria-label={t("reading.title")}>
        <table className="preview">
          <thead><tr><th scope="col">{t("reading.at")}</th><th scope="col">{t("reading.value")}</th></tr></thead>
          <tbody>{ordered.toReversed().map(({ at, value }, index) => <tr key={index}><td><time dateTime={at}>{formatTime(at)}</time></td><td className="number">{format(value)}</td></tr>)}</tbody>
        </table>
      </div>
    </>
  );
}

function NewReading({ moduleId, metric, onRecorded }: { moduleId: string; metric: string; onRecorded: () => void }) {
  const [name, setName] = useState("");
  const [value, setValue] = useState("");

  async function record(): Promise<void> {
    const reading = { moduleId, metric: name || metric, value: Number(value), at: new Date().toISOString() };
    if (!(await attempt(client().mutation(RecordReadingsDocument, { input: { readings: [reading], idempotencyKey: newKey() } }).toPromise()))) return;
    setValue("");
    onRecorded();
  }

  return (
    <form className="row" onSubmit={(event) => { event.preventDefault(); void record(); }}>
      <Field label={t("reading.metric")} value={name} placeholder={metric} required={!metric} maxLength={100} dir="auto" onChange={(event) => setName(event.target.value)} />
      <Field label={t("reading.value")} type="number" step="any" value={value} required onChange={(event) => setValue(event.target.value)} />
      <button type="submit">{t("reading.record")}</button>
    </form>
  );
}

import { useId, type InputHTMLAttributes } from "react";

interface Props extends InputHTMLAttributes<HTMLInputElement> {
  label: string;
  problem?: string | null;
}

/** Labelled input with its problem below. */
export function Field({ label, problem, ...input }: Props) {
  const id = useId();
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <input id={id} aria-invalid={Boolean(problem)} aria-describedby={problem ? `${id}-problem` : undefined} {...input} />
      {problem && <p id={`${id}-problem`} className="problem" role="alert">{problem}</p>}
    </div>
  );
}

import { useState } from "react";

interface Props {
  isOn: boolean;
  label: React.ReactNode;
  isDisabled?: boolean;
  className?: string;
  onChange: (isOn: boolean) => Promise<unknown>;
}

/** Checkbox of something that the server stores: it shows the choice while that is on its way. */
export function Toggle({ isOn, label, isDisabled, className = "", onChange }: Props) {
  const [chosen, setChosen] = useState<boolean | null>(null);
  async function choose(next: boolean): Promise<void> {
    setChosen(next);
    await onChange(next);
    setChosen(null);
  }
  return <label className={`check ${className}`}><input type="checkbox" checked={chosen ?? isOn} disabled={isDisabled} onChange={(event) => void choose(event.target.checked)} /> {label}</label>;
}

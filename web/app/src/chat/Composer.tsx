import { ArrowUp, Paperclip, Square, X } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { DRAFT } from "../api/session";
import { t } from "../i18n";
import { formatSize } from "./AttachmentView";

interface Props {
  draftKey: string;
  isWriting: boolean;
  onSend: (text: string, files: File[]) => Promise<boolean>;
  onStop: () => void;
}

/** Where a message is written; the draft is kept in this browser until it is sent. */
export function Composer({ draftKey, isWriting, onSend, onStop }: Props) {
  const key = DRAFT + draftKey;
  const [text, setText] = useState(() => localStorage.getItem(key) ?? "");
  const [files, setFiles] = useState<File[]>([]);
  const [isSending, setSending] = useState(false);
  const [isOver, setOver] = useState(false);
  const input = useRef<HTMLTextAreaElement>(null);
  const chooser = useRef<HTMLInputElement>(null);

  useEffect(() => { if (matchMedia("(min-width: 800px)").matches) input.current?.focus(); }, []);
  useEffect(() => {
    if (text) localStorage.setItem(key, text);
    else localStorage.removeItem(key);
  }, [key, text]);
  useEffect(() => {
    const element = input.current;
    if (!element) return;
    element.style.height = "auto";
    element.style.height = `${Math.min(element.scrollHeight, 280)}px`;
  }, [text]);

  const canSend = (text.trim() !== "" || files.length > 0) && !isSending && !isWriting;

  async function send(): Promise<void> {
    if (!canSend) return;
    setSending(true);
    const isSent = await onSend(text.trim() || t("chat.filesOnly"), files);
    setSending(false);
    if (!isSent) return;
    setText("");
    setFiles([]);
    input.current?.focus();
  }

  function add(list: FileList | null | undefined): boolean {
    if (!list?.length) return false;
    setFiles((old) => [...old, ...list]);
    return true;
  }

  return (
    <form
      className={`composer ${isOver ? "over" : ""}`}
      onSubmit={(event) => { event.preventDefault(); void send(); }}
      onDragOver={(event) => { event.preventDefault(); setOver(true); }}
      onDragLeave={() => setOver(false)}
      onDrop={(event) => { event.preventDefault(); setOver(false); add(event.dataTransfer.files); }}
    >
      {files.length > 0 && (
        <ul className="files">
          {files.map((file, index) => (
            <li key={index}>
              <Paperclip size={14} aria-hidden /><span dir="auto">{file.name}</span><span className="hint">{formatSize(file.size)}</span>
              <button type="button" className="icon-button" aria-label={t("file.remove", { name: file.name })} onClick={() => setFiles(files.filter((_, i) => i !== index))}><X size={14} aria-hidden /></button>
            </li>
          ))}
        </ul>
      )}
      <textarea
        ref={input}
        rows={1}
        value={text}
        dir="auto"
        maxLength={200_000}
        placeholder={t("chat.placeholder")}
        aria-label={t("chat.placeholder")}
        onChange={(event) => setText(event.target.value)}
        onPaste={(event) => { if (add(event.clipboardData.files)) event.preventDefault(); }}
        onKeyDown={(event) => {
          if (event.key !== "Enter" || event.shiftKey || event.nativeEvent.isComposing) return;
          event.preventDefault();
          void send();
        }}
      />
      <div className="composer-row">
        <button type="button" className="icon-button" aria-label={t("file.attach")} title={t("file.attach")} onClick={() => chooser.current?.click()}><Paperclip size={18} aria-hidden /></button>
        <input ref={chooser} type="file" multiple hidden tabIndex={-1} aria-hidden="true" onChange={(event) => { add(event.target.files); event.target.value = ""; }} />
        <span className="hint grow">{t("chat.keys")}</span>
        {isWriting
          ? <button type="button" className="send" aria-label={t("chat.stop")} title={t("chat.stop")} onClick={onStop}><Square size={14} aria-hidden fill="currentColor" /></button>
          : <button type="submit" className="send" disabled={!canSend} aria-label={t("chat.send")} title={t("chat.send")}><ArrowUp size={18} aria-hidden /></button>}
      </div>
    </form>
  );
}

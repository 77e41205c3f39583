import { Bell } from "lucide-react";
import { useEffect, useId, useState } from "react";
import { useQuery } from "urql";
import { client } from "../api/client";
import { MarkNotificationsReadDocument, NotificationsDocument, NotificationStreamDocument, type NoticeFragment } from "../api/generated";
import { stream } from "../api/socket";
import { formatTime, t } from "../i18n";

export function Notifications() {
  const [{ data }] = useQuery({ query: NotificationsDocument });
  const [live, setLive] = useState<NoticeFragment[]>([]);
  const id = useId();
  useEffect(() => {
    let after: string | null = null;
    return stream(NotificationStreamDocument, { get after() { return after; } }, ({ notifications }) => {
      after = notifications.id;
      setLive((old) => [notifications, ...old.filter(({ id }) => id !== notifications.id)]);
    });
  }, []);
  const stored = data?.notifications.nodes ?? [];
  const all = [...live.filter(({ id }) => !stored.some((one) => one.id === id)), ...stored].slice(0, 30);
  const unread = all.filter(({ isRead }) => !isRead).length;

  async function markRead(): Promise<void> {
    await client().mutation(MarkNotificationsReadDocument, {}).toPromise();
    setLive((old) => old.map((one) => ({ ...one, isRead: true })));
  }

  return (
    <>
      <button type="button" className="icon-button bell" popoverTarget={id} aria-label={t("notifications.count", { n: unread })} title={t("notifications.title")}>
        <Bell size={18} aria-hidden />{unread > 0 && <span className="dot" aria-hidden="true">{unread}</span>}
      </button>
      <div id={id} popover="auto" className="menu notices" role="region" aria-label={t("notifications.title")} onToggle={(event) => { if (event.newState === "closed" && unread) void markRead(); }}>
        {!all.length && <p className="empty">{t("notifications.none")}</p>}
        <ul>{all.map((notice) => <li key={notice.id} className={notice.isRead ? "" : "unread"}><span dir="auto">{notice.title}</span><time className="hint" dateTime={notice.at}>{formatTime(notice.at)}</time></li>)}</ul>
      </div>
    </>
  );
}

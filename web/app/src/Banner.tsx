import { useEffect, useState, useSyncExternalStore } from "react";
import { subscribeToConnection } from "./api/socket";
import { t } from "./i18n";

/** Notice while the browser is offline or the socket is lost; nothing needs to be done. */
export function Banner() {
  const isOnline = useSyncExternalStore(
    (listener) => {
      addEventListener("online", listener);
      addEventListener("offline", listener);
      return () => { removeEventListener("online", listener); removeEventListener("offline", listener); };
    },
    () => navigator.onLine,
  );
  const [isConnected, setConnected] = useState(true);
  useEffect(() => subscribeToConnection(setConnected), []);
  if (isOnline && isConnected) return null;
  return <div className="offline" role="status">{t(isOnline ? "reconnecting" : "offline")}</div>;
}

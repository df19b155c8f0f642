import type { ReactNode } from "react";
import { useNames } from "./names.tsx";

export function Mention({ kind, id }: { kind: "user" | "channel" | "group" | "broadcast"; id: string }): ReactNode {
  const names = useNames();
  if (kind === "user") return <span className="mention">@{names.user(id)}</span>;
  if (kind === "channel") return <span className="mention">#{names.channel(id)}</span>;
  if (kind === "group") return <span className="mention">@{names.group(id)}</span>;
  return <span className="mention loud">@{id}</span>;
}

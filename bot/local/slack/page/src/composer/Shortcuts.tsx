// The app's global shortcuts, which Slack offers beside the composer.

import type { ReactNode } from "react";
import { act } from "../api.ts";
import { Menu } from "../controls/Menu.tsx";
import { useToast } from "../toasts.tsx";
import type { Workspace } from "../types.ts";

export function Shortcuts({ workspace, viewer }: { workspace: Workspace; viewer: string }): ReactNode {
  const toast = useToast();
  const items = (workspace.shortcuts ?? [])
    .filter((shortcut) => shortcut.type === "global")
    .map((shortcut) => ({
      key: shortcut.callback_id,
      label: shortcut.name,
      hint: "Gavel",
      onPick: async () => {
        const answer = await act("shortcut", { user: viewer, callback_id: shortcut.callback_id });
        if (!answer.ok && answer.error !== "operation_timeout") toast(answer.error ?? "That did not work.");
      },
    }));
  if (items.length === 0) return null;
  return <Menu label="Shortcuts" face="⚡" className="tool" items={items} />;
}

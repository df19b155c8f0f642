import { type ReactNode, useState } from "react";
import { useAct } from "../acting.tsx";
import { Words } from "../blocks/Drawn.tsx";
import type { Button, Feedback, TextObject } from "../blocks/types.ts";
import { useFollow } from "../text/Link.tsx";

interface PressProps {
  element: Button | Feedback;
  blockId: string;
  text: TextObject;
  label: string | undefined;
  look: string;
  value?: string;
}

/** A button that shows that it was pressed until the app has answered. */
function Press({ element, blockId, text, label, look, value }: PressProps): ReactNode {
  const act = useAct();
  const follow = useFollow();
  const [busy, setBusy] = useState(false);
  return (
    <button
      type="button"
      className={`action ${look}`}
      data-action={element.action_id}
      aria-label={label}
      aria-busy={busy}
      onClick={async () => {
        if (busy) return;
        setBusy(true);
        // As Slack does: the link is opened whatever the app says, and the app hears of it.
        if ("url" in element && element.url) follow(element.url);
        await act(element, blockId, value);
        setBusy(false);
      }}
    >
      <Words text={text} />
    </button>
  );
}

export function ButtonControl({ element, blockId }: { element: Button; blockId: string }): ReactNode {
  const { text, accessibility_label: label, style = "" } = element;
  return <Press element={element} blockId={blockId} text={text} label={label} look={style} />;
}

export function FeedbackControl({ element, blockId }: { element: Feedback; blockId: string }): ReactNode {
  return [element.positive_button, element.negative_button].map((side) => (
    <Press
      key={side.value}
      element={element}
      blockId={blockId}
      text={side.text}
      label={side.accessibility_label}
      look="quiet-action"
      value={side.value}
    />
  ));
}

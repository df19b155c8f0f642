import { type ReactNode, useId } from "react";
import { useAct } from "../acting.tsx";
import { Words } from "../blocks/Drawn.tsx";
import type { Input } from "../blocks/types.ts";
import { Field } from "../controls/Control.tsx";
import { holdsValue, sent } from "../controls/initial.ts";

export interface InputBlockProps {
  block: Input;
  value: string | string[];
  onChange: (value: string | string[]) => void;
  /** Why the app (or Slack itself) did not take what was entered. */
  error: string | undefined;
}

export function InputBlock({ block, value, onChange, error }: InputBlockProps): ReactNode {
  const id = useId();
  const act = useAct();
  const { element } = block;
  if (!holdsValue(element)) return null;
  const described = [block.hint && `${id}-hint`, error && `${id}-error`].filter(Boolean).join(" ") || undefined;
  const changed = (next: string | string[]): void => {
    onChange(next);
    const given = sent(element, next);
    if (block.dispatch_action && given !== undefined) void act(element, block.block_id, given);
  };
  return (
    <div className={error ? "field wrong" : "field"} data-block={block.block_id}>
      <label htmlFor={id}>
        <Words text={block.label} />
        {block.optional && <span className="quiet"> (optional)</span>}
      </label>
      <Field
        element={element}
        id={id}
        value={value}
        onChange={changed}
        label={block.label.text}
        describedBy={described}
      />
      {block.hint && (
        <small className="quiet" id={`${id}-hint`}>
          <Words text={block.hint} />
        </small>
      )}
      {error && (
        <p className="field-error" role="alert" id={`${id}-error`}>
          {error}
        </p>
      )}
    </div>
  );
}

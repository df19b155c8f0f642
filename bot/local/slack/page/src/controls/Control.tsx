// One interactive element of a message or a home tab: touching it tells the app at once.

import { type ReactNode, useId, useState } from "react";
import { useAct } from "../acting.tsx";
import { Words } from "../blocks/Drawn.tsx";
import { Picture } from "../blocks/Picture.tsx";
import type { Choice, Element, Entry, Picker } from "../blocks/types.ts";
import { ButtonControl, FeedbackControl } from "./Buttons.tsx";
import { ChoiceField, EntryField, PickerField } from "./Fields.tsx";
import { initial, sent } from "./initial.ts";
import { Menu } from "./Menu.tsx";

export interface ControlProps<E = Element> {
  element: E;
  blockId: string;
}

export function Control({ element, blockId }: ControlProps): ReactNode {
  switch (element.type) {
    case "button":
    case "workflow_button":
    case "icon_button":
      return <ButtonControl element={element} blockId={blockId} />;
    case "feedback_buttons":
      return <FeedbackControl element={element} blockId={blockId} />;
    case "image":
      return <Picture image={element} />;
    case "overflow":
      return <Overflow element={element} blockId={blockId} />;
    default:
      return <Chosen element={element} blockId={blockId} />;
  }
}

function Overflow({ element, blockId }: ControlProps<Choice>): ReactNode {
  const act = useAct();
  const items = (element.options ?? []).map((option) => ({
    key: option.value,
    label: <Words text={option.text} />,
    ...(option.description ? { hint: option.description.text } : {}),
    onPick: () => void act(element, blockId, option.value),
  }));
  return <Menu label="More actions" face="⋯" className="action" action={element.action_id} items={items} />;
}

function Chosen({ element, blockId }: ControlProps<Choice | Picker | Entry>): ReactNode {
  const act = useAct();
  const id = useId();
  const [value, setValue] = useState(() => initial(element));
  const onChange = (next: string | string[]): void => {
    setValue(next);
    const given = sent(element, next);
    if (given !== undefined) void act(element, blockId, given);
  };
  const label = ("placeholder" in element && element.placeholder?.text) || "Choose";
  return <Field element={element} id={id} value={value} onChange={onChange} label={label} />;
}

export interface AnyFieldProps {
  element: Choice | Picker | Entry;
  id: string;
  value: string | string[];
  onChange: (value: string | string[]) => void;
  label?: string;
  describedBy?: string | undefined;
}

/** The control of an element that holds a value. */
export function Field({ element, ...rest }: AnyFieldProps): ReactNode {
  switch (element.type) {
    case "static_select":
    case "multi_static_select":
    case "overflow":
    case "radio_buttons":
    case "checkboxes":
      return <ChoiceField element={element} {...rest} />;
    case "users_select":
    case "channels_select":
    case "conversations_select":
    case "multi_users_select":
    case "multi_channels_select":
    case "multi_conversations_select":
      return <PickerField element={element} {...rest} />;
    default:
      return <EntryField element={element} {...rest} />;
  }
}

// Everything a person can fill in or choose from. The browser's own controls: they work on a phone and by keyboard.

import type { ReactNode } from "react";
import { Words } from "../blocks/Drawn.tsx";
import type { Choice, Entry, Option, Picker } from "../blocks/types.ts";
import { useNames } from "../text/names.tsx";

export interface FieldProps<E> {
  element: E;
  /** The id of the control, or the prefix of those in a group. */
  id: string;
  value: string | string[];
  onChange: (value: string | string[]) => void;
  /** Names the control where no label stands beside it. */
  label?: string;
  describedBy?: string | undefined;
}

const KINDS = {
  plain_text_input: "text",
  number_input: "number",
  email_text_input: "email",
  url_text_input: "url",
  datepicker: "date",
  timepicker: "time",
  datetimepicker: "datetime-local",
} as const;

const one = (value: string | string[]): string => (typeof value === "string" ? value : (value[0] ?? ""));
const many = (value: string | string[]): string[] => (typeof value === "string" ? (value ? [value] : []) : value);

export function EntryField({ element, id, value, onChange, label, describedBy }: FieldProps<Entry>): ReactNode {
  const common = {
    id,
    "data-action": element.action_id,
    "aria-label": label,
    "aria-describedby": describedBy,
    placeholder: element.placeholder?.text,
    value: one(value),
  };
  if (element.type === "plain_text_input" && element.multiline) {
    return <textarea {...common} rows={4} onChange={(event) => onChange(event.target.value)} />;
  }
  return (
    <input
      {...common}
      type={KINDS[element.type]}
      step={element.type === "number_input" && element.is_decimal_allowed ? "any" : undefined}
      autoComplete="off"
      onChange={(event) => onChange(event.target.value)}
    />
  );
}

interface SelectProps extends FieldProps<Choice | Picker> {
  groups: { label: string; options: { value: string; text: string }[] }[];
}

function Select({ element, id, value, onChange, label, describedBy, groups }: SelectProps): ReactNode {
  return (
    <select
      id={id}
      data-action={element.action_id}
      aria-label={label}
      aria-describedby={describedBy}
      value={one(value)}
      onChange={(event) => onChange(event.target.value)}
    >
      <option value="">{element.placeholder?.text ?? "Choose…"}</option>
      {groups.map((group) => {
        const options = group.options.map((option) => (
          <option key={option.value} value={option.value}>
            {option.text}
          </option>
        ));
        if (!group.label) return options;
        return (
          <optgroup key={group.label} label={group.label}>
            {options}
          </optgroup>
        );
      })}
    </select>
  );
}

interface TickProps extends FieldProps<Choice | Picker> {
  options: Option[];
  single: boolean;
}

function Ticks({ element, id, value, onChange, label, describedBy, options, single }: TickProps): ReactNode {
  const picked = many(value);
  const toggled = (option: string): string | string[] => {
    if (single) return option;
    return picked.includes(option) ? picked.filter((each) => each !== option) : [...picked, option];
  };
  return (
    <fieldset
      className="choices"
      id={id}
      aria-label={label}
      aria-describedby={describedBy}
      data-action={element.action_id}
    >
      {options.map((option, at) => (
        <label key={option.value} htmlFor={`${id}-${at}`}>
          <input
            id={`${id}-${at}`}
            type={single ? "radio" : "checkbox"}
            name={id}
            checked={picked.includes(option.value)}
            onChange={() => onChange(toggled(option.value))}
          />
          <span>
            <Words text={option.text} />
            {option.description && (
              <small>
                <Words text={option.description} />
              </small>
            )}
          </span>
        </label>
      ))}
    </fieldset>
  );
}

export function ChoiceField(props: FieldProps<Choice>): ReactNode {
  const { element } = props;
  const groups = element.option_groups ?? [{ label: { type: "plain_text", text: "" }, options: element.options ?? [] }];
  switch (element.type) {
    case "radio_buttons":
    case "checkboxes":
    case "multi_static_select":
      return (
        <Ticks
          {...props}
          options={groups.flatMap((group) => group.options)}
          single={element.type === "radio_buttons"}
        />
      );
    default:
      return (
        <Select
          {...props}
          groups={groups.map((group) => ({
            label: group.label.text,
            options: group.options.map((option) => ({ value: option.value, text: option.text.text })),
          }))}
        />
      );
  }
}

/** People or channels of this workspace. */
export function PickerField(props: FieldProps<Picker>): ReactNode {
  const { element } = props;
  const names = useNames();
  const users = element.type.endsWith("users_select");
  const options = users
    ? names.people.map((person) => ({ value: person.id, text: person.real_name }))
    : names.channels.map((channel) => ({ value: channel.id, text: `#${channel.name}` }));
  if (!element.type.startsWith("multi_")) return <Select {...props} groups={[{ label: "", options }]} />;
  const ticks = options.map<Option>((option) => ({
    value: option.value,
    text: { type: "plain_text", text: option.text, emoji: false },
  }));
  return <Ticks {...props} options={ticks} single={false} />;
}

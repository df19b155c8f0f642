// The blocks that this page draws itself, because a person can touch them; the rest are the library's.

import type {
  DividerBlock,
  HeaderBlock,
  MarkdownBlock,
  RichTextBlock,
  TableBlock,
  VideoBlock,
} from "slack-blocks-to-jsx";

export interface TextObject {
  type: "plain_text" | "mrkdwn";
  text: string;
  emoji?: boolean;
  verbatim?: boolean;
}

export interface Confirm {
  title: TextObject;
  text: TextObject;
  confirm: TextObject;
  deny: TextObject;
  style?: "primary" | "danger";
}

export interface Option {
  text: TextObject;
  value: string;
  description?: TextObject;
}

interface Side {
  text: TextObject;
  value: string;
  accessibility_label?: string;
}

interface Touchable {
  action_id: string;
  confirm?: Confirm;
}

export interface Button extends Touchable {
  type: "button" | "workflow_button" | "icon_button";
  text: TextObject;
  value?: string;
  url?: string;
  style?: "primary" | "danger";
  icon?: string;
  accessibility_label?: string;
}

export interface Feedback extends Touchable {
  type: "feedback_buttons";
  positive_button: Side;
  negative_button: Side;
}

export interface Choice extends Touchable {
  type: "static_select" | "multi_static_select" | "overflow" | "radio_buttons" | "checkboxes";
  options?: Option[];
  option_groups?: { label: TextObject; options: Option[] }[];
  initial_option?: Option;
  initial_options?: Option[];
  placeholder?: TextObject;
}

export interface Picker extends Touchable {
  type:
    | "users_select"
    | "channels_select"
    | "conversations_select"
    | "multi_users_select"
    | "multi_channels_select"
    | "multi_conversations_select";
  initial_user?: string;
  initial_channel?: string;
  initial_conversation?: string;
  initial_users?: string[];
  initial_channels?: string[];
  initial_conversations?: string[];
  placeholder?: TextObject;
}

export interface Entry extends Touchable {
  type:
    | "plain_text_input"
    | "number_input"
    | "email_text_input"
    | "url_text_input"
    | "datepicker"
    | "timepicker"
    | "datetimepicker";
  multiline?: boolean;
  initial_value?: string;
  initial_date?: string;
  initial_time?: string;
  initial_date_time?: number;
  min_length?: number;
  max_length?: number;
  min_value?: string;
  max_value?: string;
  is_decimal_allowed?: boolean;
  placeholder?: TextObject;
}

export interface Image {
  type: "image";
  alt_text: string;
  image_url?: string;
  slack_file?: { id?: string; url?: string };
  title?: TextObject;
  block_id?: string;
}

export type Element = Button | Feedback | Choice | Picker | Entry | Image;

export interface Section {
  type: "section";
  block_id: string;
  text?: TextObject;
  fields?: TextObject[];
  accessory?: Element;
}

export interface Context {
  type: "context";
  block_id: string;
  elements: (TextObject | Image)[];
}

export interface Actions {
  type: "actions" | "context_actions";
  block_id: string;
  elements: Element[];
}

export interface Input {
  type: "input";
  block_id: string;
  label: TextObject;
  element: Element;
  hint?: TextObject;
  optional?: boolean;
  dispatch_action?: boolean;
}

export interface Task {
  task_id: string;
  title: string;
  status: "pending" | "in_progress" | "complete" | "error";
  details?: RichTextBlock;
  output?: RichTextBlock;
  sources?: { url: string; text: string }[];
}

export interface TaskCard extends Task {
  type: "task_card";
  block_id: string;
}

export interface Plan {
  type: "plan";
  block_id: string;
  title: string;
  tasks?: Task[];
}

export interface Alert {
  type: "alert";
  block_id: string;
  text: TextObject;
  level?: "default" | "info" | "warning" | "error" | "success";
}

export interface Card {
  type: "card";
  block_id: string;
  hero_image?: Image;
  icon?: Image;
  title?: TextObject;
  subtitle?: TextObject;
  body?: TextObject;
  actions?: Element[];
}

export interface Carousel {
  type: "carousel";
  block_id: string;
  elements: Card[];
}

export interface Container {
  type: "container";
  block_id: string;
  title?: TextObject;
  subtitle?: TextObject;
  is_collapsible?: boolean;
  default_collapsed?: boolean;
  child_blocks: AnyBlock[];
}

export type LibraryBlock = DividerBlock | HeaderBlock | MarkdownBlock | RichTextBlock | TableBlock;

export type AnyBlock =
  | LibraryBlock
  | VideoBlock
  | Section
  | Context
  | Actions
  | Input
  | TaskCard
  | Plan
  | Alert
  | Card
  | Carousel
  | Container
  | (Image & { block_id: string });

// The blocks of a message or a view, one after the other.

import type { ReactNode } from "react";
import { Control } from "../controls/Control.tsx";
import type { Stream } from "../types.ts";
import { CardBlock, CarouselBlock, ContainerBlock } from "./Cards.tsx";
import { Drawn, Text } from "./Drawn.tsx";
import { Picture } from "./Picture.tsx";
import { PlanBlock, TaskRow } from "./PlanBlock.tsx";
import type { Actions, Alert, AnyBlock, Context, Section } from "./types.ts";

export interface BlocksProps {
  blocks: AnyBlock[];
  stream?: Stream | null;
}

export function Blocks({ blocks, stream = null }: BlocksProps): ReactNode {
  return blocks.map((block, at) => <OneBlock key={block.block_id ?? at} block={block} stream={stream} />);
}

function OneBlock({ block, stream }: { block: AnyBlock; stream: Stream | null }): ReactNode {
  switch (block.type) {
    case "section":
      return <SectionBlock block={block} />;
    case "context":
      return <ContextBlock block={block} />;
    case "actions":
    case "context_actions":
      return <ActionsBlock block={block} />;
    case "plan":
      return <PlanBlock plan={block} stream={stream} />;
    case "task_card":
      return (
        <ol className="tasks">
          <TaskRow task={block} stream={stream} />
        </ol>
      );
    case "alert":
      return <AlertBlock block={block} />;
    case "image":
      return <Picture image={block} />;
    case "card":
      return <CardBlock block={block} />;
    case "carousel":
      return <CarouselBlock block={block} />;
    case "container":
      return <ContainerBlock block={block} />;
    case "table":
      return (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a wide table is scrolled by keyboard, too
        <section className="table-wrap" aria-label="Table" tabIndex={0}>
          <Drawn blocks={[block]} />
        </section>
      );
    case "rich_text":
    case "markdown":
    case "header":
    case "divider":
      return <Drawn blocks={[block]} />;
    default:
      return <p className="quiet">[{block.type}: this page cannot show it]</p>;
  }
}

function SectionBlock({ block }: { block: Section }): ReactNode {
  return (
    <div className="section">
      <div className="section-text">
        {block.text && <Text text={block.text} />}
        {block.fields && (
          <div className="fields">
            {block.fields.map((field, at) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: fields have no names
              <Text key={at} text={field} />
            ))}
          </div>
        )}
      </div>
      {block.accessory && (
        <div className="accessory">
          <Control element={block.accessory} blockId={block.block_id} />
        </div>
      )}
    </div>
  );
}

function ContextBlock({ block }: { block: Context }): ReactNode {
  return (
    <div className="context">
      {block.elements.map((element, at) =>
        element.type === "image" ? (
          // biome-ignore lint/suspicious/noArrayIndexKey: these have no names
          <Picture key={at} image={element} small />
        ) : (
          // biome-ignore lint/suspicious/noArrayIndexKey: as above
          <Text key={at} text={element} />
        ),
      )}
    </div>
  );
}

function ActionsBlock({ block }: { block: Actions }): ReactNode {
  return (
    <div className={block.type === "actions" ? "actions" : "actions small"}>
      {block.elements.map((element, at) => (
        <Control key={"action_id" in element ? element.action_id : at} element={element} blockId={block.block_id} />
      ))}
    </div>
  );
}

const LEVELS = { default: "Note", info: "Info", warning: "Warning", error: "Error", success: "Done" };

function AlertBlock({ block }: { block: Alert }): ReactNode {
  const level = block.level ?? "default";
  return (
    <div className={`alert ${level}`}>
      <strong>{LEVELS[level]}</strong>
      <Text text={block.text} />
    </div>
  );
}

import type { ReactNode } from "react";
import { Control } from "../controls/Control.tsx";
import { Blocks } from "./Blocks.tsx";
import { Text, Words } from "./Drawn.tsx";
import { Picture } from "./Picture.tsx";
import type { Card, Carousel, Container } from "./types.ts";

export function CardBlock({ block }: { block: Card }): ReactNode {
  return (
    <section className="card">
      {block.hero_image && <Picture image={block.hero_image} />}
      {block.title && (
        <div className="card-title">
          <Text text={block.title} />
        </div>
      )}
      {block.subtitle && (
        <div className="quiet">
          <Text text={block.subtitle} />
        </div>
      )}
      {block.body && <Text text={block.body} />}
      {block.actions && (
        <div className="actions">
          {block.actions.map((element, at) => (
            <Control key={"action_id" in element ? element.action_id : at} element={element} blockId={block.block_id} />
          ))}
        </div>
      )}
    </section>
  );
}

export function CarouselBlock({ block }: { block: Carousel }): ReactNode {
  return (
    <div className="carousel">
      {block.elements.map((card, at) => (
        <CardBlock key={card.block_id ?? at} block={card} />
      ))}
    </div>
  );
}

export function ContainerBlock({ block }: { block: Container }): ReactNode {
  const heading = block.title && (
    <span className="card-title">
      <Words text={block.title} />
    </span>
  );
  if (!block.is_collapsible) {
    return (
      <section className="card">
        {heading}
        <Blocks blocks={block.child_blocks} />
      </section>
    );
  }
  return (
    <details className="card" open={!block.default_collapsed}>
      <summary>{heading ?? "Details"}</summary>
      <Blocks blocks={block.child_blocks} />
    </details>
  );
}

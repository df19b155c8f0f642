// One message that cannot be drawn does not take the page with it.

import { Component, type ReactNode } from "react";

interface Props {
  /** Shown instead: what the message says without its blocks. */
  fallback: string;
  children: ReactNode;
}

export class Guarded extends Component<Props, { broken: boolean }> {
  override state = { broken: false };

  static getDerivedStateFromError(): { broken: boolean } {
    return { broken: true };
  }

  override render(): ReactNode {
    if (!this.state.broken) return this.props.children;
    return (
      <div>
        <p className="typed">{this.props.fallback}</p>
        <p className="field-error">This page could not draw the rest of this message.</p>
      </div>
    );
  }
}

// One message that cannot be drawn does not take the page with it.

import { Component, type ReactNode } from "react";

interface Props {
  /** Shown instead: what the message says without its blocks. */
  fallback: string;
  /** When this is another one, it is tried again. */
  of: unknown;
  children: ReactNode;
}

export class Guarded extends Component<Props, { broken: boolean }> {
  override state = { broken: false };

  static getDerivedStateFromError(): { broken: boolean } {
    return { broken: true };
  }

  override componentDidUpdate(before: Props): void {
    if (this.state.broken && before.of !== this.props.of) this.setState({ broken: false });
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

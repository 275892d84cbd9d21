import { Component, type ReactNode } from "react";
import { Button } from "@/components/Button";

interface State {
  error: Error | undefined;
}

/** Keeps a fault in one part of a screen from taking the rest away. */
export class ErrorBoundary extends Component<{ what: string; children: ReactNode }, State> {
  override state: State = { error: undefined };

  static getDerivedStateFromError(error: Error): State {
    return { error };
  }

  override render() {
    const { error } = this.state;
    if (!error) return this.props.children;
    return (
      <div role="alert" className="grid h-full place-items-center p-6 text-center">
        <div>
          <p className="font-medium">The {this.props.what} could not be shown</p>
          <p className="mt-1 max-w-80 text-xs text-muted">{error.message}</p>
          <Button size="small" className="mt-3" onClick={() => this.setState({ error: undefined })}>
            Try again
          </Button>
        </div>
      </div>
    );
  }
}

import { Component, type ReactNode, Suspense } from "react";
import { Failure } from "@/ui/Calm";

/** Keeps the fault of one screen away from the shell around it. */
export class LazyPart extends Component<{ at: string; children: ReactNode }, { error?: unknown }> {
  override state: { error?: unknown } = {};

  static getDerivedStateFromError(error: unknown) {
    return { error };
  }

  override componentDidUpdate(before: { at: string }) {
    if (before.at !== this.props.at && this.state.error !== undefined) this.setState({ error: undefined });
  }

  override render() {
    if (this.state.error !== undefined) {
      return <Failure error={this.state.error} onRetry={() => this.setState({ error: undefined })} />;
    }
    return <Suspense fallback={null}>{this.props.children}</Suspense>;
  }
}

/**
 * The exchange's websocket: subscriptions that survive reconnects, and gap detection. A channel begins with a
 * snapshot; each update names the `seq` it follows, and one that follows another than the last makes the channel
 * start over from a new snapshot.
 */

export type Channel = "book" | "trades" | "status" | "private";

interface Sequenced {
  readonly seq: number;
  readonly prevSeq?: number;
}

export type StreamMessage = Sequenced & { readonly type: string; readonly market?: string };

interface Control {
  readonly type: string;
  readonly id?: number | null;
  readonly message?: string;
}

interface Subscription {
  readonly channel: Channel;
  readonly market: string | undefined;
  readonly onMessage: (message: StreamMessage) => void;
  /** The `seq` of the last message; undefined until the snapshot is there. */
  seq: number | undefined;
}

/** What the stream needs of a WebSocket, so that tests can stand in for the network. */
export interface Socket {
  onopen: (() => void) | null;
  onclose: (() => void) | null;
  onmessage: ((event: { data: string }) => void) | null;
  send(data: string): void;
  close(): void;
}

const AUTHORIZE_AGAIN_MS = 1_000;
const RETRY_FIRST_MS = 500;
const RETRY_MAX_MS = 8_000;
/** The exchange sends a heartbeat each second: this much silence means that the connection is dead. */
const SILENCE_MAX_MS = 5_000;

export class Stream {
  private socket: Socket | undefined;
  private readonly subscriptions = new Set<Subscription>();
  private readonly listeners = new Set<() => void>();
  private lastId = 0;
  private authId: number | undefined;
  private retryMs = RETRY_FIRST_MS;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private open = false;

  /** `token` gives the session's token when there is one. */
  constructor(
    private readonly connect: () => Socket,
    private readonly token: () => Promise<string | undefined>,
  ) {}

  /** Opens the connection, and keeps it open until `stop`. */
  start(): void {
    const socket = this.connect();
    this.socket = socket;
    socket.onopen = () => {
      this.retryMs = RETRY_FIRST_MS;
      this.setOpen(true);
      this.watch(socket);
      for (const subscription of this.subscriptions) this.subscribeNow(subscription);
    };
    socket.onmessage = ({ data }) => {
      this.watch(socket);
      this.receive(JSON.parse(data) as StreamMessage & Control);
    };
    socket.onclose = () => {
      if (this.socket !== socket) return;
      this.setOpen(false);
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.start(), this.retryMs);
      this.retryMs = Math.min(RETRY_MAX_MS, this.retryMs * 2);
    };
  }

  stop(): void {
    const { socket } = this;
    this.socket = undefined;
    clearTimeout(this.timer);
    this.setOpen(false);
    socket?.close();
  }

  /** Whether messages come in right now. */
  get live(): boolean {
    return this.open;
  }

  /** Tells of changes of `live`. */
  onLive(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Follows a channel until the returned function is called. */
  subscribe(channel: Channel, market: string | undefined, onMessage: Subscription["onMessage"]): () => void {
    const subscription: Subscription = { channel, market, onMessage, seq: undefined };
    this.subscriptions.add(subscription);
    if (this.open) this.subscribeNow(subscription);
    return () => {
      this.subscriptions.delete(subscription);
      if (this.open) this.request({ op: "unsubscribe", ...named(subscription) });
    };
  }

  private setOpen(open: boolean): void {
    this.open = open;
    this.authId = undefined;
    for (const subscription of this.subscriptions) subscription.seq = undefined;
    for (const listener of this.listeners) listener();
  }

  private watch(socket: Socket): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => socket.close(), SILENCE_MAX_MS);
  }

  private request(body: Record<string, unknown>): number {
    this.lastId += 1;
    this.socket?.send(JSON.stringify({ id: this.lastId, ...body }));
    return this.lastId;
  }

  private subscribeNow(subscription: Subscription): void {
    subscription.seq = undefined;
    if (subscription.channel === "private") void this.authorize();
    else this.request({ op: "subscribe", ...named(subscription) });
  }

  /** Says who is asking; the private channel is subscribed to once that is acknowledged. */
  private async authorize(): Promise<void> {
    const { socket } = this;
    const token = await this.token();
    if (token && this.open && this.socket === socket) this.authId = this.request({ op: "auth", token });
  }

  private subscribePrivate(): void {
    for (const subscription of this.subscriptions) {
      if (subscription.channel === "private") this.request({ op: "subscribe", ...named(subscription) });
    }
  }

  /** The session's token ran out or was not taken: the exchange has ended the private channel. */
  private authorizeAgain(): void {
    this.authId = undefined;
    const { socket } = this;
    const follows = () => [...this.subscriptions].some(({ channel }) => channel === "private");
    setTimeout(() => {
      if (this.open && this.socket === socket && follows()) void this.authorize();
    }, AUTHORIZE_AGAIN_MS);
  }

  private receive(message: StreamMessage & Control): void {
    if (message.type === "ack" && message.id === this.authId) this.subscribePrivate();
    if (message.type === "error" && (message.id === null || message.id === this.authId)) this.authorizeAgain();
    const [channel, kind] = message.type.split("_");
    if (kind !== "snapshot" && kind !== "update") return;
    for (const subscription of this.subscriptions) {
      if (subscription.channel === channel && subscription.market === message.market) {
        this.pass(subscription, message, kind === "snapshot");
      }
    }
  }

  private pass(subscription: Subscription, message: StreamMessage, isSnapshot: boolean): void {
    if (!isSnapshot && subscription.seq !== message.prevSeq) {
      // Before a snapshot, updates are not ours to read; after it, a gap means starting over.
      if (subscription.seq !== undefined) this.startOver(subscription);
      return;
    }
    subscription.seq = message.seq;
    subscription.onMessage(message);
  }

  private startOver(subscription: Subscription): void {
    this.request({ op: "unsubscribe", ...named(subscription) });
    this.subscribeNow(subscription);
  }
}

function named({ channel, market }: Subscription): Record<string, string> {
  return market === undefined ? { channel } : { channel, market };
}

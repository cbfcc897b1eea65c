/** One message of PostgreSQL's protocol, with its bytes as they came (PostgreSQL documentation, "Message Formats"). */
export interface Frame {
  /** The message's first byte; empty for the first message of a connection, which has none. */
  type: string;
  bytes: Buffer;
}

/** Cuts a stream into messages. */
export class FrameReader {
  private rest: Buffer = Buffer.alloc(0);

  /** @param untyped the first message has a length and no type, as a client's start-up message */
  constructor(private untyped: boolean) {}

  read(chunk: Buffer): Frame[] {
    this.rest = this.rest.length === 0 ? chunk : Buffer.concat([this.rest, chunk]);
    const frames: Frame[] = [];
    for (;;) {
      const head = this.untyped ? 0 : 1;
      if (this.rest.length < head + 4) return frames;
      const length = head + this.rest.readInt32BE(head);
      if (this.rest.length < length) return frames;
      const type = this.untyped ? '' : String.fromCharCode(this.rest[0] ?? 0);
      frames.push({ type, bytes: this.rest.subarray(0, length) });
      this.rest = this.rest.subarray(length);
      this.untyped = false;
    }
  }
}

const textAt = (bytes: Buffer, start: number): string => bytes.toString('utf8', start, bytes.indexOf(0, start));

/** Of `Query`: its text. */
export const queryText = ({ bytes }: Frame): string => textAt(bytes, 5);

/** Of `Parse`: the name of the prepared statement, empty for the unnamed one, and its text. */
export function parsed({ bytes }: Frame): { name: string; text: string } {
  const name = textAt(bytes, 5);
  return { name, text: textAt(bytes, 6 + Buffer.byteLength(name)) };
}

/** Of `Bind`: the name of the prepared statement. */
export function boundStatement({ bytes }: Frame): string {
  const portal = textAt(bytes, 5);
  return textAt(bytes, 6 + Buffer.byteLength(portal));
}

/** Of `CommandComplete`: its tag, such as `UPDATE 1`. */
export const commandTag = ({ bytes }: Frame): string => textAt(bytes, 5);

/** Of `ReadyForQuery`: whether the connection is inside a transaction now. */
export const inTransaction = ({ bytes }: Frame): boolean => bytes.toString('latin1', 5, 6) !== 'I';

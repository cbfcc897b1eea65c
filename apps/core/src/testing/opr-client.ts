import { readEvent, writeEvent, writeEventChange, type EventChange, type OprEvent } from '@opr-connect/opr';

export interface Answer {
  status: number;
  headers: Headers;
  body: string;
}

/** A client that knows the protocol and nothing of the hub. */
export class OprClient {
  constructor(
    readonly root: string,
    private readonly name: string,
    private readonly password: string,
  ) {}

  async send(
    method: string,
    path: string,
    body?: string | Buffer,
    headers: Record<string, string> = {},
  ): Promise<Answer> {
    const authorization = `Basic ${Buffer.from(`${this.name}:${this.password}`).toString('base64')}`;
    const answer = await fetch(`${this.root}${path}`, {
      method,
      body,
      headers: {
        authorization,
        ...(body === undefined ? {} : { 'content-type': 'application/xml;charset=UTF-8' }),
        ...headers,
      },
      signal: AbortSignal.timeout(30_000),
    });
    return { status: answer.status, headers: answer.headers, body: await answer.text() };
  }

  /** Forwards an event. @throws unless it was taken over */
  async forward(event: OprEvent): Promise<string> {
    const answer = await this.send('POST', '/event', writeEvent(event));
    if (answer.status !== 200) throw new Error(`${answer.status}: ${answer.body}`);
    const { id } = readEvent(answer.body);
    if (!id) throw new Error(`no id in ${answer.body}`);
    return id;
  }

  change(id: string, change: EventChange): Promise<Answer> {
    return this.send('POST', `/event_change/${encodeURIComponent(id)}`, writeEventChange(change));
  }

  async event(path: string): Promise<OprEvent> {
    const answer = await this.send('GET', path);
    if (answer.status !== 200) throw new Error(`${answer.status}: ${answer.body}`);
    return readEvent(answer.body);
  }
}

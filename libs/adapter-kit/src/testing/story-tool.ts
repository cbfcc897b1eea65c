import type { ForwardingType } from '@opr-connect/opr';

/** What the demo finds an adapter's tool by: its `testing` exports a function of this kind as `startStory`. */
export type StartStory = (surroundings: Surroundings) => Promise<StoryTool>;

/** The tool of the demo: a fake, and somebody who works in it. Records are named by the number that OBM was answered. */
export interface StoryTool {
  readonly name: string;
  readonly words: {
    /** With its article, such as `an incident`. */
    record: string;
    note: string;
  };
  /** What the numbers of its records look like. */
  readonly number: RegExp;
  readonly url: string;
  /** The settings of its connected server, as YAML in one line. */
  readonly settings: string;
  /** Up to which type it gets events; `synchronize` unless told. */
  readonly type?: ForwardingType;
  /** How often it is asked what changed, if it does not tell that itself. */
  readonly pollEverySeconds?: number;
  /** What somebody does in it; absent where its adapter hears of nothing. */
  readonly work?: {
    note(number: string, text: string): Promise<void>;
    takeInProgress(number: string): Promise<void>;
    resolve(number: string): Promise<void>;
  };
  /** Every record that it holds. */
  records(): Promise<StoryRecord[]>;
  close(): Promise<void>;
}

export interface StoryRecord {
  number: string;
  /** In the tool's own word. */
  state: string;
  isResolved: boolean;
  notes: number;
  /** Where people look at it. */
  url: string;
}

/**
 * What a tool is started with. The settings name the secrets as `${TOOL}` and `${HOOK}`; both have the form of Standard Webhooks
 * 1.0 (`whsec_` and Base64), which every other tool takes as it is.
 */
export interface Surroundings {
  /** Where its hooks go to. */
  door: string;
  /** By which the hub logs in, or signs. */
  secret: string;
  /** By which hooks are signed. */
  hookSecret: string;
}

const CALL_MS = 20_000;

/** The control desk of a fake (`fake-control.ts` of each), over HTTP as a person's browser would. */
export class Desk {
  constructor(private readonly root: string) {}

  /** @throws with what was answered, unless it was done */
  async act(path: string, body: object): Promise<void> {
    await this.call(path, { method: 'POST', body: JSON.stringify(body) });
  }

  async state<T>(): Promise<T> {
    return (await (await this.call('state', {})).json()) as T;
  }

  private async call(path: string, init: RequestInit): Promise<Response> {
    const answer = await fetch(`${this.root}/_fake/${path}`, { ...init, signal: AbortSignal.timeout(CALL_MS) });
    if (!answer.ok) throw new Error(`the tool answered ${answer.status}: ${await answer.text()}`);
    return answer;
  }
}

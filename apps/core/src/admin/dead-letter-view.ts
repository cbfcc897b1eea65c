import type { StoredHook } from '../hooks/inbox.repository';
import type { DeadLetter, DeadLetterFacts } from './dead-letter.repository';
import type { ServerNames } from './server-names';

/** A dead letter as operators see it. Servers have names, and of a hook's headers only the names are shown. */
export function deadLetterView(letter: DeadLetter & DeadLetterFacts, names: ServerNames): object {
  const { seq, id, event, eventId, attempts, reasons, created, died } = letter;
  return {
    ...{ seq, id, kind: letter.kind, server: names.of(letter.server) },
    ...(event === null ? {} : { event, eventId }),
    ...{ created, died, attempts, reasons },
    payload: letter.kind === 'hook' ? hookView(letter.payload) : letter.payload,
  };
}

const hookView = ({ headers, body, receivedAt }: StoredHook): object => ({
  receivedAt,
  headers: Object.keys(headers),
  body: Buffer.from(body, 'base64').toString('utf8'),
});

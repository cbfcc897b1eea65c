import type { Seen, SeenAnnotation } from '@opr-connect/adapter-kit';
import { createHash } from 'node:crypto';
import type { Input } from './conversation';
import { readChanges } from './changes';
import { annotationsIn, type AnnotationEdit } from './properties';
import { normalised } from './rules';

/** A longer id is remembered by its hash: an index holds no entry of more than some 2,700 bytes. */
const MAX_REMEMBERED_ID = 500;

/** The ids that deciding about this input may look up among those noted before. */
export function candidateIds(input: Input, now: number): string[] {
  return idsIn(input, now).map(remembered);
}

function idsIn(input: Input, now: number): string[] {
  switch (input.kind) {
    case 'changed': {
      const annotations = readChanges(input.changes).annotations.flatMap((edit, index) =>
        namesOf(edit, input.id, index, now),
      );
      return [...(input.id === undefined ? [] : [input.id]), ...annotations];
    }
    case 'resent':
      return annotationsIn(input.event).flatMap((edit, index) => namesOf(edit, undefined, index, now));
    case 'seen': {
      const { changeId, annotations } = input.seen;
      const names = annotations.flatMap((annotation, index) => namesOf(annotation, changeId, index, now));
      return [...(changeId === undefined ? [] : [changeId]), ...names];
    }
    case 'read':
      return input.outcome === 'unreadable'
        ? []
        : annotationsTold(input.outcome).flatMap((annotation, index) => namesOf(annotation, undefined, index, now));
    case 'compared':
      return input.outcome
        ? annotationsTold(input.outcome).flatMap((annotation, index) => namesOf(annotation, undefined, index, now))
        : [];
    case 'forward':
    case 'delivered':
    case 'rejected':
    case 'gone':
    case 'retried':
    case 'discarded':
    case 'cause_made':
      return [];
  }
}

/** Every annotation that a read tells, whichever way its adapter tells them. */
export const annotationsTold = (seen: Seen): (SeenAnnotation | AnnotationEdit)[] => [
  ...seen.annotations,
  ...(seen.event ? annotationsIn(seen.event) : []),
];

/**
 * How an annotation is remembered; the first name is the one to note. Without any id the words are the name: the same words
 * of the same author in a repeated message are one annotation. If they carry no time either, they are so for an hour at least.
 */
export function namesOf(
  { id, author, text, time }: SeenAnnotation | AnnotationEdit,
  changeId: string | undefined,
  index: number,
  now: number,
): string[] {
  if (id) return [`annotation:${id}`];
  if (changeId) return [`annotation:${changeId}#${index}`];
  const hour = Math.floor(now / 3_600_000);
  return (time ? [time] : [`${hour}`, `${hour - 1}`]).map(
    (when) => `annotation:${fingerprint([author ?? '', normalised(text), when])}`,
  );
}

/** An id as it is noted. */
export const remembered = (id: string): string => (id.length <= MAX_REMEMBERED_ID ? id : `long:${fingerprint([id])}`);

const fingerprint = (words: string[]): string => createHash('sha256').update(JSON.stringify(words)).digest('hex');

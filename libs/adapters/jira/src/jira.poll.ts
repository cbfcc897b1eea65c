import { createHash } from 'node:crypto';
import type { Cursor } from '@opr-connect/adapter-kit';
import type { JiraClient, JiraIssue } from './jira.client';
import { at, isObject, numberAt, textAt, type JsonObject } from './jira.json';
import { ISSUE_FIELDS } from './jira.mapping';

const PAGE = 50;
/** On Data Center an issue that leaves the result shifts the others, so each page begins in the last one. */
const PAGE_OVERLAP = 10;

/**
 * One walk over what changed since a while ago. JQL knows whole minutes and the user's time zone, so it is asked in minutes before
 * now, some more than needed; what was told before is known by its print. Two changes within one tick of Jira's clock differ in it.
 */
interface PollCursor {
  /** When the last complete walk began, by our clock: only how long ago that is counts. */
  since: number;
  /** Prints of what the last complete walk found, by issue id. */
  told: { [id: string]: string };
  /** A walk under way. */
  walk?: { began: number; next: string; found: { [id: string]: string } };
}

export interface PolledIssues {
  /** Oldest change first. */
  issues: JiraIssue[];
  cursor: Cursor;
  more: boolean;
}

export async function pollIssues(
  client: JiraClient,
  { label, overlapMinutes }: { label: string; overlapMinutes: number },
  given: Cursor | undefined,
  signal: AbortSignal,
): Promise<PolledIssues> {
  const now = Date.now();
  const cursor = cursorOf(given) ?? { since: now, told: {} };
  const walk = cursor.walk ?? { began: now, next: '', found: {} };
  const minutes = Math.ceil((now - cursor.since) / 60_000) + overlapMinutes + 1;
  // By creation, which no change moves: ordered by change, whatever changes during the walk would push others off its pages.
  const jql = `labels = "${label}" AND updated >= -${minutes}m ORDER BY created ASC`;
  const cloud = (await client.flavour(signal)) === 'cloud';
  const at = walk.next && (cloud ? walk.next : String(Math.max(0, Number(walk.next) - PAGE_OVERLAP)));
  const page = await client.search(jql, ISSUE_FIELDS, { size: PAGE, ...(at && { at }) }, signal);
  const prints = Object.fromEntries(page.issues.map((issue) => [issue.id, printOf(issue)]));
  const before = { ...cursor.told, ...walk.found };
  const issues = page.issues.filter(({ id }) => prints[id] !== before[id]).sort(byChange);
  const found = { ...walk.found, ...prints };
  const next: PollCursor =
    page.next === undefined
      ? { since: walk.began, told: found }
      : { since: cursor.since, told: cursor.told, walk: { began: walk.began, next: page.next, found } };
  return { issues, cursor: JSON.parse(JSON.stringify(next)) as Cursor, more: page.next !== undefined };
}

const printOf = ({ key, fields }: JiraIssue): string =>
  createHash('sha256')
    .update(JSON.stringify([key, fields]))
    .digest('base64url')
    .slice(0, 16);

const byChange = (a: JiraIssue, b: JiraIssue): number =>
  (textAt(a.fields, 'updated') ?? '') < (textAt(b.fields, 'updated') ?? '') ? -1 : 1;

function cursorOf(given: Cursor | undefined): PollCursor | undefined {
  const since = numberAt(given, 'since');
  if (since === undefined) return undefined;
  const walk = at(given, 'walk');
  const [began, next] = [numberAt(walk, 'began'), textAt(walk, 'next')];
  const isUnderWay = began !== undefined && next !== undefined;
  return {
    ...{ since, told: prints(at(given, 'told')) },
    ...(isUnderWay && { walk: { began, next, found: prints(at(walk, 'found')) } }),
  };
}

const prints = (value: unknown): { [id: string]: string } =>
  Object.fromEntries(
    Object.entries(isObject(value) ? (value as JsonObject) : {}).map(([id, print]) => [id, String(print)]),
  );

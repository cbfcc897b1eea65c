import type { Json, Mapping } from '@opr-connect/adapter-kit';
import type { LifecycleState } from '@opr-connect/opr';
import type { JiraClient, JiraIssue } from './jira.client';
import { choiceIn, choicesOf } from './jira.directory';
import { at, isObject, listAt, textAt } from './jira.json';
import { CATEGORY_OF, sameName, stands, statusName } from './jira.mapping';

/** Resolutions that sites usually have, best first. */
const USUAL_RESOLUTIONS = ['Done', 'Fixed', 'Resolved', 'Completed'];
const DUPLICATE_RESOLUTIONS = ['Duplicate', ...USUAL_RESOLUTIONS];

export type Move = 'there' | 'moved' | { stuck: string };

/** Moves issues through whatever workflow they have. */
export class JiraTransitions {
  constructor(
    private readonly client: JiraClient,
    private readonly mapping: Mapping,
    /** That the settings name. */
    private readonly wantedResolution: string | undefined,
  ) {}

  /**
   * Moves an issue to the status that a state of the event wants: the one that the settings name, else any of the category. Ids
   * and names of transitions differ between workflows, so only where they lead counts. That no way leads there is an outcome.
   */
  async move(issue: JiraIssue, wanted: LifecycleState, signal: AbortSignal, duplicate = false): Promise<Move> {
    const status = at(issue.fields, 'status');
    const [name, category] = [textAt(status, 'name'), textAt(status, 'statusCategory', 'key')];
    if (stands(name, category, wanted, this.mapping)) return 'there';
    const query = { expand: 'transitions.fields' };
    const answer = await this.client.get(['issue', issue.id, 'transitions'], query, signal, 'issue');
    const open = listAt(answer, 'transitions').filter((each) => at(each, 'isAvailable') !== false);
    const target = statusName(wanted, this.mapping);
    const byName = open.filter((each) => sameName(target, textAt(each, 'to', 'name')));
    const byCategory = open.filter((each) => textAt(each, 'to', 'statusCategory', 'key') === CATEGORY_OF[wanted]);
    // An issue of the right category is not moved about in it for want of the right name.
    const candidates = byName.length > 0 || category === CATEGORY_OF[wanted] ? byName : byCategory;
    const reasons: string[] = [];
    for (const candidate of candidates) {
      const screen = this.fill(candidate, duplicate);
      if ('missing' in screen) {
        reasons.push(`“${textAt(candidate, 'name')}” requires ${screen.missing.join(', ')}`);
        continue;
      }
      const body: Json = { transition: { id: String(at(candidate, 'id')) }, fields: screen.fields };
      await this.client.send('POST', ['issue', issue.id, 'transitions'], body, signal);
      return 'moved';
    }
    const goal = target ?? `a status of the category ${CATEGORY_OF[wanted]}`;
    return { stuck: [`no transition leads from ${name} to ${goal}`, ...reasons].join('; ') };
  }

  /** The fields of a transition's screen; of what is required only the resolution is ours to know. */
  private fill(transition: unknown, duplicate: boolean): { fields: { [name: string]: Json } } | { missing: string[] } {
    const screen = at(transition, 'fields');
    const fields: { [name: string]: Json } = {};
    const missing: string[] = [];
    for (const [id, field] of Object.entries(isObject(screen) ? screen : {})) {
      if (id === 'resolution') {
        const resolution = this.resolution(field, duplicate);
        if (resolution !== undefined) fields[id] = { id: resolution };
      }
      const isFilled = fields[id] !== undefined || at(field, 'hasDefaultValue') === true;
      if (at(field, 'required') === true && !isFilled) missing.push(textAt(field, 'name') ?? id);
    }
    return missing.length > 0 ? { missing } : { fields };
  }

  private resolution(field: unknown, duplicate: boolean): string | undefined {
    const choices = choicesOf(field);
    const own = this.wantedResolution === undefined ? USUAL_RESOLUTIONS : [this.wantedResolution];
    for (const name of duplicate ? DUPLICATE_RESOLUTIONS : own) {
      const choice = choiceIn({ choices }, name);
      if (choice) return choice.id;
    }
    // A name that the settings tell and the screen lacks is for a person to correct.
    return this.wantedResolution === undefined || duplicate ? choices[0]?.id : undefined;
  }
}

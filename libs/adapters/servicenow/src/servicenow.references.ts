import { MisconfiguredError } from '@opr-connect/adapter-kit';
import type { OprEvent } from '@opr-connect/opr';
import type { ServiceNowDirectory } from './servicenow.directory';
import type { Draft } from './servicenow.drafts';
import { noteId, type Note } from './servicenow.notes';
import type { RecordRules } from './servicenow.record';
import type { ServiceNowSettings } from './servicenow.settings';

const SYS_ID = /^[0-9a-f]{32}$/;

/**
 * Users, groups and configuration items of an event as references of a record. Where not exactly one has the name, a note says so
 * and the field is left alone: no reference is better than a wrong one.
 */
export class ServiceNowReferences {
  constructor(
    private readonly settings: ServiceNowSettings,
    private readonly rules: RecordRules,
    private readonly directory: ServiceNowDirectory,
  ) {}

  /** Nobody is "". */
  async assignUser(draft: Draft, login: string, key: string, signal: AbortSignal): Promise<void> {
    const id = login && (await this.directory.user(this.rules.users.toTool(login), signal));
    if (id !== undefined) draft.values['assigned_to'] = id;
    else draft.notes.push(remark(key, 'assigned_user', `The event is assigned to ${login}, who is no user here.`));
  }

  async assignGroup(draft: Draft, name: string, key: string, signal: AbortSignal): Promise<void> {
    const id = name && (await this.directory.group(this.rules.groups.toTool(name), signal));
    if (id !== undefined) draft.values['assignment_group'] = id;
    else draft.notes.push(remark(key, 'assigned_group', `The event is assigned to ${name}, which is no group here.`));
  }

  /** The related configuration item, else the node, by each name that the event has for it. */
  async addConfigurationItem(draft: Draft, event: OprEvent, key: string, signal: AbortSignal): Promise<void> {
    const { ciTable, ciFields } = this.settings;
    if (ciTable === undefined) return;
    const [ci, node] = [event.relatedCi?.configurationItem, event.nodeRef?.node];
    const all = [ci?.name, ci?.displayLabel, node?.primaryDnsName, node?.name];
    const names = [...new Set(all.flatMap((name) => name || []))];
    for (const name of names)
      for (const field of ciFields) {
        const id = await this.directory.one(ciTable, field, name, signal);
        if (id === undefined) continue;
        draft.values['cmdb_ci'] = id;
        return;
      }
    const text = `The event is about ${names[0]}, which is no configuration item here, or more than one.`;
    if (names.length > 0) draft.notes.push(remark(key, 'cmdb_ci', text));
  }

  /** A user or group that the settings name; `undefined` if they name none. */
  async fixed(field: 'callerId' | 'assignmentGroup', signal: AbortSignal): Promise<string | undefined> {
    const value = this.settings[field];
    if (value === undefined || SYS_ID.test(value)) return value;
    const id = await (field === 'callerId' ? this.directory.user(value, signal) : this.directory.group(value, signal));
    if (id === undefined)
      throw new MisconfiguredError(
        `${field}: must be the sys_id or the name of exactly one ${field === 'callerId' ? 'user' : 'group'}`,
      );
    return id;
  }
}

const remark = (key: string, about: string, text: string): Note => ({ id: noteId(key, about), text, remark: true });

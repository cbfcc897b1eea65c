import { GoneError, type ExternalRef } from '@opr-connect/adapter-kit';
import type { JiraClient } from './jira.client';
import type { JiraDirectory, LinkType } from './jira.directory';
import { at, listAt, textAt } from './jira.json';
import type { JiraLookUp } from './jira.look-up';

/**
 * Ties issues to those of their events' causes, by links. A link does not say who made it, so the issue notes in its entity
 * property which cause we tied it to: only that link is ever removed. The note is written before the link, so that no link of
 * ours is without one.
 */
export class JiraCauses {
  constructor(
    private readonly client: JiraClient,
    private readonly directory: JiraDirectory,
    private readonly lookUp: JiraLookUp,
    private readonly label: string,
  ) {}

  /** Afterwards the issue is tied to this cause, and to no other that we tied it to. `key`: the correlation key that it carries. */
  async tie(id: string, key: string, cause: ExternalRef | undefined, signal: AbortSignal): Promise<void> {
    const type = await this.directory.causeLinkType(signal);
    const { fields, properties } = await this.client.read(id, ['issuelinks'], this.label, signal);
    const links = listAt(fields, 'issuelinks').filter((link) => textAt(link, 'type', 'id') === type.id);
    const noted = textAt(properties, this.label, 'cause');
    if (noted !== undefined && noted !== cause?.id) await this.remove(linkTo(links, noted, type), signal);
    const isTied = cause !== undefined && linkTo(links, cause.id, type) !== undefined;
    const ours = isTied && noted !== cause.id ? undefined : cause?.id;
    if (ours !== noted) {
      const value = this.lookUp.properties(key, ours)[this.label];
      await this.client.send('PUT', ['issue', id, 'properties', this.label], value, signal);
    }
    if (cause === undefined || isTied) return;
    // A link says of its inward issue what its type has for outward: the cause "causes" ("Jira issue linking model").
    const link = { type: { id: type.id }, inwardIssue: { id: cause.id }, outwardIssue: { id } };
    await this.client.send('POST', ['issueLink'], link, signal, 'link');
  }

  private async remove(link: unknown, signal: AbortSignal): Promise<void> {
    const id = textAt(link, 'id');
    if (id === undefined) return;
    try {
      await this.client.send('DELETE', ['issueLink', id], undefined, signal);
    } catch (error) {
      if (!(error instanceof GoneError)) throw error;
    }
  }
}

/** The link by which an issue has this cause; where a type reads the same both ways, whichever way it was made. */
const linkTo = (links: readonly unknown[], cause: string, { isSymmetric }: LinkType): unknown =>
  links.find(
    (link) => at(link, 'inwardIssue', 'id') === cause || (isSymmetric && at(link, 'outwardIssue', 'id') === cause),
  );

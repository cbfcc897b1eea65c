/** What users or groups are called in events and in ServiceNow; who is not listed has one name in both. */
export class Names {
  private readonly oprNames: ReadonlyMap<string, string>;

  /** By the name in events. Of two that share one in ServiceNow the first comes back. */
  constructor(private readonly listed: Readonly<Record<string, string>> = {}) {
    this.oprNames = new Map(
      Object.entries(listed)
        .reverse()
        .map(([opr, tool]) => [tool, opr]),
    );
  }

  toTool(name: string): string {
    return Object.hasOwn(this.listed, name) ? (this.listed[name] ?? name) : name;
  }

  toOpr(name: string): string {
    return this.oprNames.get(name) ?? name;
  }
}

/** What an adapter knows of one kind of value, such as severity, in its tool. */
export interface TableFacts<Word extends string> {
  /** Every OPR word, and what the tool calls it unless the settings say otherwise. */
  out: Readonly<Record<Word, string>>;
  /** Values of the tool and the OPR word that each means. A value that no word goes to may have one as well. */
  back?: Readonly<Record<string, Word>>;
  /** What a value of the tool looks like, and how that is worded after the name of the field: `must be …`. Default: any text. */
  value?: { pattern: RegExp; rule: string };
}

/** What the settings of a server say about it. */
export interface TableSettings<Word extends string> {
  out?: Partial<Record<Word, string>>;
  back?: Record<string, Word>;
}

/** OPR words and the values of one tool, both ways. */
export class ValueTable<Word extends string> {
  private constructor(
    /** Every OPR word, in the order in which they were written: of those that collapse, the first counts on the way back. */
    readonly out: ReadonlyMap<Word, string>,
    readonly back: ReadonlyMap<string, Word>,
  ) {}

  /**
   * - Out: what the settings say, else what the adapter knows.
   * - Back: the settings' own table, whole, if they have one. Else a value means what the adapter knows, unless the way out says
   *   that it is another word's; then it means the first of the words that go to it.
   */
  static of<Word extends string>(facts: TableFacts<Word>, settings: TableSettings<Word> = {}): ValueTable<Word> {
    const out = new Map(entriesOf<Word, string>({ ...settings.out, ...facts.out, ...settings.out }));
    const back = new Map(entriesOf<string, Word>(settings.back ?? facts.back ?? {}));
    if (settings.back) return new ValueTable(out, back);
    for (const value of new Set(out.values())) {
      const words = [...out].filter(([, each]) => each === value).map(([word]) => word);
      const known = back.get(value);
      const [first] = words;
      if (first !== undefined && (known === undefined || !words.includes(known))) back.set(value, first);
    }
    return new ValueTable(out, back);
  }

  /** The tool's value. */
  toTool(word: Word): string | undefined {
    return this.out.get(word);
  }

  /** The OPR word; `undefined` for a value that has none and therefore says nothing about the event. */
  toOpr(value: string): Word | undefined {
    return this.back.get(value);
  }
}

/** The type of an object's own entries, which `Object.entries` does not tell. */
const entriesOf = <Key extends string, Value>(record: Partial<Record<Key, Value>>): [Key, Value][] =>
  Object.entries(record) as [Key, Value][];

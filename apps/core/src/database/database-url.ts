/** Where the database is, as the modules are given it. Contains a password. */
export class DatabaseUrl {
  constructor(readonly value: string) {}
}

/** What the pages of the admin listener say. */
export interface AdminTexts {
  /** What the links to the pages are, to a screen reader. */
  readonly places: string
  readonly people: string
  readonly sessions: string
  readonly audit: string
  readonly search: string
  readonly find: string
  readonly everybody: string
  readonly found: (query: string) => string
  readonly nobody: string
  readonly partial: string
  readonly first: string
  readonly next: string
  readonly sessionCount: (count: number) => string
  readonly name: string
  readonly email: string
  readonly way: string
  /** By what vouches for somebody. */
  readonly ways: Readonly<Record<string, string>>
  readonly roles: string
  readonly rolesHint: string
  readonly rolesElsewhere: string
  readonly none: string
  readonly state: string
  readonly enabled: string
  readonly disabled: string
  readonly factor: string
  readonly required: string
  readonly notRequired: string
  readonly noSessions: string
  readonly nobodyIn: string
  readonly anonymous: string
  readonly adminPage: string
  readonly account: string
  readonly endsSessions: string
  readonly endAll: string
  readonly setRoles: string
  readonly requireFactor: string
  readonly resetFactors: string
  readonly waiveFactor: string
  readonly disable: string
  readonly enable: string
  readonly remove: string
  readonly done: string
  readonly errors: { readonly self: string; readonly gone: string }
  readonly nothingDone: string
  /** Before the name of whom it was done to. */
  readonly whose: string
  readonly byWhom: (name: string, way: string) => string
  /** By what the audit log calls it. */
  readonly actions: Readonly<Record<string, string>>
  readonly outcomes: Readonly<Record<'refused' | 'failed' | 'unknown', string>>
}

/** Holdfast's own users file, or the `config.yaml` of Streamlit-Authenticator, read and kept as it is. */
export type UsersFormat = 'holdfast' | 'streamlit-authenticator'

/** One user as the file has it. */
export interface UserEntry {
  /** The key in one form: NFC, lower case. Stable for the life of the account. */
  readonly userId: string
  /** The key as it stands in the file. */
  readonly key: string
  /** An argon2id or bcrypt hash; `null` if this user has no password to sign in with. */
  readonly password: string | null
  /** A password in plain text, as Streamlit-Authenticator allows: to be hashed before anything else. */
  readonly plain: string | null
  readonly name: string | null
  readonly email: string | null
  readonly roles: readonly string[]
  readonly disabled: boolean
  /** What else was asked of them, by name. */
  readonly fields: ReadonlyMap<string, string>
}

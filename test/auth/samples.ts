import { type PasswordHasher, passwordHasher } from '../../src/auth/password-hash.ts'

/** A hasher that costs next to nothing, for tests about something else. */
export function quickHasher(): PasswordHasher {
  return passwordHasher({ memoryKiB: 64, passes: 1 })
}

/** The sample configuration Streamlit-Authenticator ships; the passwords are `abc` and `def`. */
export const streamlitAuthenticatorSample = `api_key: null
cookie:
  expiry_days: 30
  key: some_key
  name: some_cookie_name
credentials:
  usernames:
    jsmith:
      email: jsmith@gmail.com
      failed_login_attempts: 0
      first_name: John
      last_name: Smith
      logged_in: false
      password: $2b$12$iWlVOac3uujRvTrXDi6wructXftKmo/GyQd6SMu5FmyX306kH.yFO
      roles:
      - admin
      - editor
      - viewer
    rbriggs:
      email: rbriggs@gmail.com
      failed_login_attempts: 0
      first_name: Rebecca
      last_name: Briggs
      logged_in: false
      password: $2b$12$uON60sh.2IdIk4cka2YILuRo4kQai.pU8McK/owmmJ.QawK85GrdK
      roles:
      - viewer
oauth2:
  google:
    client_id: null
    client_secret: null
    redirect_uri: null
pre-authorized:
  emails:
  - melsby@gmail.com
`

/** The signal of a caller who never hangs up. */
export const never: AbortSignal = new AbortController().signal

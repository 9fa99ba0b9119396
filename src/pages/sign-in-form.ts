import { readForm } from './form.ts'

/** What the sign-in form sends. */
export interface SignInForm {
  readonly username: string
  readonly password: string
  readonly remember: boolean
  /** As sent; goes through `returnPath` before it is used. */
  readonly returnTo: string
  readonly token: string
}

/** The names of the sign-in form's fields. */
export const signInFields = {
  username: 'username',
  password: 'password',
  remember: 'remember',
  returnTo: 'return_to',
  token: 'form_token',
} as const

const maxUsername = 256
// Room for passphrases (ASVS 6.2.9 wants at least 64), none for making the hash a burden.
const maxPassword = 1024

/**
 * A submitted sign-in form, or `null` if it is not one: no name or token, something twice, something far too long.
 * The body's size is the caller's to bound.
 */
export function readSignInForm(body: string): SignInForm | null {
  const fields = readForm(body)
  const username = fields?.get(signInFields.username)
  const password = fields?.get(signInFields.password)
  const token = fields?.get(signInFields.token)
  if (username === undefined || password === undefined || token === undefined) return null
  if (username.length > maxUsername || password.length > maxPassword) return null
  return {
    username,
    password,
    token,
    remember: fields?.get(signInFields.remember) === 'on',
    returnTo: fields?.get(signInFields.returnTo) ?? '',
  }
}

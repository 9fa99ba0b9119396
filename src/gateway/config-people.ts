/** What the configuration says of who may sign in, with its defaults and its secrets. */
import { existsSync } from 'node:fs'
import type { Config, OidcConfig } from './config.ts'
import type { ConfigInput, OidcInput } from './config-schema.ts'

type Variables = Readonly<Record<string, string | undefined>>

const usualUsers = 'users.yaml'
const usualVerifyEvery = 10 * 60_000
const usualScopes = ['openid', 'email', 'profile']

/** A users file, or a login API in its place; and identity providers beside either. */
export function peopleConfig(
  { users, loginApi, oidc = [] }: ConfigInput,
  variables: Variables,
): Pick<Config, 'users' | 'loginApi' | 'oidc'> {
  const providers = oidc.map((one) => provider(one, variables))
  if (loginApi?.url === undefined) {
    return {
      users: users ?? (existsSync(usualUsers) ? usualUsers : null),
      loginApi: null,
      oidc: providers,
    }
  }
  const { url, verifyUrl = null, verifyEvery = usualVerifyEvery } = loginApi
  return { users: users ?? null, loginApi: { url, verifyUrl, verifyEvery }, oidc: providers }
}

function provider(input: OidcInput, variables: Variables): OidcConfig {
  const {
    name,
    issuer,
    clientId,
    label = name,
    scopes = usualScopes,
    rolesClaim = 'roles',
    secondFactor,
  } = input
  const clientSecret = variables[secretVariable(name)] ?? null
  return {
    ...{ name, label, issuer, clientId, rolesClaim },
    clientSecret: clientSecret === '' ? null : clientSecret,
    ...(input.trustEmail === true && { trustEmail: true }),
    // Without `openid` there is no ID token, and so nobody.
    scopes: scopes.includes('openid') ? scopes : ['openid', ...scopes],
    verifyEvery: input.verifyEvery ?? usualVerifyEvery,
    secondFactor: secondFactor === undefined ? null : { acr: [], amr: [], ...secondFactor },
  }
}

/** Where the client secret of a provider is: in the environment, for a file is soon in version control. */
function secretVariable(name: string): string {
  return `HOLDFAST_OIDC_${name.replaceAll('-', '_').toUpperCase()}_CLIENT_SECRET`
}

/** Whether a variable holds the client secret of some provider. */
export function isProviderSecret(variable: string): boolean {
  return /^HOLDFAST_OIDC_[A-Z\d_]+_CLIENT_SECRET$/.test(variable)
}

/** What is said of who may sign in without the rest that it needs, or against itself. */
export function peopleFaults({ users, loginApi, oidc = [] }: ConfigInput): string[] {
  const names = oidc.map(({ name }) => name.replaceAll('-', '_'))
  const twice = oidc.filter(({ name }, index) => names.indexOf(name.replaceAll('-', '_')) !== index)
  const empty = oidc.filter(
    ({ secondFactor: { acr = [], amr = [] } = { amr: ['x'] } }) => acr.length + amr.length === 0,
  )
  return [
    ...empty.map(
      ({ name }) =>
        `oidc: ${name}: secondFactor needs values of \`acr\` or \`amr\` that say of a second factor.`,
    ),
    ...twice.map(({ name }) => `oidc: two providers are named ${name}. Give each a name of its own.`),
    ...loginApiFaults(users, loginApi),
  ]
}

function loginApiFaults(users: string | undefined, loginApi: ConfigInput['loginApi']): string[] {
  if (loginApi === undefined) return []
  if (loginApi.url === undefined) return ['loginApi needs `url`: where names and passwords are sent.']
  // A password would be tried at both, and so be told to the one that it is not for.
  if (users !== undefined) return ['users and loginApi: choose one. A password must not be tried at both.']
  if (loginApi.verifyEvery !== undefined && loginApi.verifyUrl === undefined)
    return ['loginApi.verifyEvery needs loginApi.verifyUrl: where to ask whether a token still holds.']
  return []
}

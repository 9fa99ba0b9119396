/** Puts the admin listener together from the parts of the gateway. */
import { oidcProvider } from '../../auth/oidc-provider.ts'
import { type CookieOptions, cookieTransport } from '../../core/cookie.ts'
import { formTokens } from '../../core/form-token.ts'
import type { Keyring } from '../../core/keyring.ts'
import type { SessionManager } from '../../core/manager.ts'
import { sealedState } from '../../core/sealed-state.ts'
import { rolesOf } from '../../core/session.ts'
import { ownPath } from '../../pages/own-path.ts'
import { accounts, usersFileWay } from '../accounts.ts'
import type { AuditLog } from '../audit.ts'
import type { AdminConfig, Config } from '../config.ts'
import { openFactors } from '../factor-parts.ts'
import { forgetFactors } from '../factors.ts'
import { oidcFlows } from '../oidc-flow.ts'
import type { GatewayParts } from '../parts.ts'
import type { PendingSignIns } from '../pending-sign-in.ts'
import { reservePort } from '../port.ts'
import { site } from '../site.ts'
import { type AdminListener, startAdminListener } from './admin-listener.ts'

export interface AdminStart {
  readonly config: Pick<Config, 'name' | 'oidc' | 'loginApi' | 'insecureHttp' | 'secondFactor'>
  readonly admin: AdminConfig
  /** Those of the app's gateway. */
  readonly parts: GatewayParts
  readonly adminSessions: SessionManager
  readonly keyring: Keyring
}

/** Starts it. Rejects with `ConfigError` for an address that cannot be served, or had. */
export async function startAdmin(start: AdminStart): Promise<AdminListener & { readonly origin: string }> {
  const { config, admin, parts, adminSessions, keyring } = start
  const { now } = parts
  const { publicUrl, roles } = admin
  const listen = await ownPort(admin.listen)
  const where = site({ publicUrl, listen, insecureHttp: config.insecureHttp })
  const base = where.base.slice(1).replaceAll('/', '-')
  // SECURITY: cookies ignore ports: a cookie of the app's name would be sent to both, and each would overwrite the other's.
  const cookieOptions: CookieOptions = {
    secure: where.secure,
    name: `${[config.name, base].filter((part) => part !== '').join('-')}.admin`,
    port: where.port,
  }
  const providers = config.oidc.map(({ name, label, verifyEvery: _every, ...more }) => ({
    ...{ name, label },
    provider: oidcProvider({
      ...more,
      redirectUri: `${where.origin}${ownPath(where.base, `oidc/${name}/callback`)}`,
    }),
  }))
  const { sessions: appSessions, audit, standings, people } = parts
  const listener = await startAdminListener(
    {
      parts: {
        ...parts,
        app: `${parts.app} admin`,
        site: where,
        sessions: written(adminSessions, audit, roles),
        cookie: cookieTransport(cookieOptions),
        formCookieName: cookieTransport(cookieOptions, 'form').name,
        formTokens: formTokens(keyring.key('admin-form/v1'), now),
        oidcFlows: oidcFlows(keyring.key('admin-oidc/v1'), cookieOptions, now),
        people: { ...people, providers },
        // The same factors as at the app, asked for at this address.
        ...openFactors({
          ...{ store: parts.store, keyring, config, app: parts.app, now, onEvent: parts.onEvent },
          ...{ origin: where.origin, cookie: cookieOptions },
          isRequired: async (who) => (await standings.of(who)).factorRequired,
        }),
        pendingSignIns: ofAdmin(parts.pendingSignIns),
        // Who looks after an app at three desks is no fourth browser of the app's.
        accountLimit: null,
        // Nobody becomes somebody here.
        selfService: {
          ...parts.selfService,
          ...{ registration: null, passwordReset: null, usernameReminder: null, details: null, guests: null },
        },
        oldSessions: null,
      },
      appSessions,
      accounts: accounts({
        ...{ sessions: appSessions, adminSessions, standings, audit },
        forgetFactors: forgetFactors(sealedState(parts.store, keyring), config.name),
        directory: people.usersFile,
      }),
      roles,
      ways: [
        { way: usersFileWay, label: null },
        ...(config.loginApi === null ? [] : [{ way: 'login-api', label: null }]),
        ...providers.map(({ label, provider }) => ({ way: provider.name, label })),
      ],
    },
    listen,
  )
  return { ...listener, origin: where.origin }
}

/**
 * Sign-ins of admins are in the audit log. Of those who have none of the roles not: they cannot do anything here, and could
 * push everything else out of the log.
 */
function written(sessions: SessionManager, audit: AuditLog, roles: readonly string[]): SessionManager {
  return {
    ...sessions,
    async signInWithin(request, ...more) {
      const issued = await sessions.signInWithin(request, ...more)
      if (issued === null || issued === 'full') return issued
      const { identity, device } = request
      if (!rolesOf(identity).some((role) => roles.includes(role))) return issued
      const { authenticator, userId } = identity
      const account = { authenticator, userId }
      const entry = {
        kind: 'admin',
        action: 'sign-in',
        by: account,
        to: account,
        from: device.address,
      } as const
      try {
        return await audit.record(entry, async () => issued)
      } catch (error) {
        sessions.abandon(issued.session)
        throw error
      }
    },
  }
}

/** SECURITY: a sign-in that was half done at the app is not finished here, where it opens more. */
function ofAdmin({ issue, use }: PendingSignIns): PendingSignIns {
  return {
    issue: (step, ...more) => issue(`admin ${step}`, ...more),
    use: (step, ...more) => use(`admin ${step}`, ...more),
  }
}

/** With a number for port 0, which the page's own address must name. */
async function ownPort(listen: AdminConfig['listen']): Promise<AdminConfig['listen']> {
  const reserved = await reservePort(listen, '--admin-listen')
  await reserved.release()
  return { host: reserved.host, port: reserved.port }
}

/** What the configuration says of the admin page. */
import { ConfigError } from '../core/errors.ts'
import type { Config } from './config.ts'
import type { ConfigInput } from './config-schema.ts'
import { site } from './site.ts'

/** With its defaults; `null`: there is no admin page. */
export function adminConfig({ admin = {} }: ConfigInput): Config['admin'] {
  const { listen, publicUrl, roles } = admin
  return listen === undefined ? null : { listen, publicUrl: publicUrl ?? null, roles: roles ?? ['admin'] }
}

/**
 * SECURITY: the admin page must not be where the app is: it would share its origin with the app's scripts, which could then
 * press its buttons.
 */
export function refuseSharedOrigin({ admin, listen, publicUrl, insecureHttp }: Config): void {
  if (admin === null) return
  const said = admin.publicUrl === null ? '--admin-listen' : 'admin.publicUrl'
  const there = site({ ...admin, insecureHttp }).origin
  const same =
    admin.publicUrl === null
      ? admin.listen.port === listen.port
      : there === site({ publicUrl, listen, insecureHttp }).origin
  if (same && (admin.publicUrl !== null || listen.port !== 0))
    throw new ConfigError(
      'ERR_CONFIG_INVALID',
      `${said}: the admin page cannot be where the app is. Give it a port or a host of its own.`,
    )
}

import type { Texts } from '../texts.ts'
import { adminZh } from './zh-admin.ts'
import { mailZh, selfServiceZh } from './zh-self-service.ts'

function duration(seconds: number): string {
  const whole = Math.max(1, Math.ceil(seconds))
  if (whole < 60) return `${whole} 秒`
  const minutes = Math.ceil(whole / 60)
  return minutes < 60 ? `${minutes} 分钟` : `${Math.ceil(minutes / 60)} 小时`
}

/** Simplified Chinese. */
export const zh: Texts = {
  language: 'zh-Hans',
  signIn: {
    heading: (app) => `登录 ${app}`,
    username: '用户名',
    password: '密码',
    remember: '保持登录状态',
    rememberHint: '使用公共电脑时请勿勾选。',
    submit: '登录',
    or: '或',
    with: (provider) => `使用 ${provider} 登录`,
    errorTitle: (title) => `出错了：${title}`,
    errors: {
      credentials: '用户名或密码不正确，请检查后重试。',
      throttled: (seconds) => `尝试次数过多，请在 ${duration(seconds)}后重试。`,
      form: '页面打开时间过长，或浏览器禁用了 Cookie，请重试。',
      full: (most, seconds) =>
        `您的账号已在 ${most} 个浏览器中登录，已达上限。请先在其中一处退出登录，再在此重试。如果无法操作：不再使用的浏览器会自动让出名额，最早在 ${duration(seconds)}后。`,
      passkey: '该通行密钥无法在此登录。请尝试其他方式。',
      unavailable: '暂时无法验证密码，请稍后重试。',
    },
    notices: {
      expired: '会话已过期。重新登录后可继续之前的操作。',
      revoked: '您已被退出登录，请重新登录。',
      replaced: '您的账号已在别处登录，因此此处已退出。如果不是您本人操作，请登录并修改密码。',
      'signed-out': '您已退出登录。',
      registered: '您的账号已创建。请用您选择的用户名和密码登录。',
      'password-set': '新密码已设置，您在所有设备上都已退出登录。请用新密码登录。',
    },
  },
  takeOver: {
    heading: '您已在别处登录',
    lead: (most) => `您的账号已在 ${most} 个浏览器中登录，已达上限。请选择要退出的浏览器，然后在此继续。`,
    endAll: '全部退出',
    cancel: '不在此登录',
  },
  signOut: {
    heading: (app) => `要退出 ${app} 吗？`,
    lead: '此浏览器中所有标签页的会话都将结束。',
    as: (name) => `当前登录账号：${name}。`,
    submit: '退出登录',
    cancel: '保持登录',
    form: '页面打开时间过长，请重试。',
    unavailable: '未能确认退出，您可能仍处于登录状态。请重试。',
  },
  account: {
    heading: '您的账号',
    devices: '已登录的设备',
    thisDevice: '当前设备',
    unknownDevice: '未知浏览器',
    since: (day) => `登录于 ${day}`,
    seen: (ago) => `最近使用：${ago}`,
    justNow: '刚刚',
    endOne: (device) => `退出登录：${device}`,
    endOthers: '退出其他所有设备',
    currentPassword: '您的密码',
    why: '用于确认是您本人操作，而不是他人在您打开的屏幕前操作。',
    provider: (provider) => `如需更改，请再次使用 ${provider} 登录。`,
    changePassword: '修改密码',
    newPassword: '新密码',
    endsAll: '修改后，包括此处在内的所有设备都将退出登录，请用新密码重新登录。',
    done: {
      ended: '该设备已退出登录。',
      'others-ended': '其他所有设备均已退出登录。',
    },
    errors: {
      'wrong-password': '密码不正确，未作任何更改。',
      form: '页面打开时间过长，未作任何更改，请重试。',
      unavailable: '未能确认更改。请查看列表后重试。',
      stale: '请先证明是您本人。未作任何更改。',
      unwritable: '目前无法在此更改密码，未作任何更改。请稍后重试，或联系应用的管理者。',
    },
  },
  selfService: selfServiceZh,
  mail: mailZh,
  admin: adminZh,
  factor: {
    heading: '还差一步',
    again: '请确认是您本人',
    code: '验证器应用中的验证码',
    codeHint: '六位数字，每 30 秒更换一次。',
    recovery: '使用恢复代码',
    recoveryCode: '恢复代码',
    submit: '继续',
    passkey: '使用通行密钥',
    passkeySignIn: '使用通行密钥登录',
    passkeyNeeds: '通行密钥需要 JavaScript，但此浏览器已将其关闭。',
    passkeyTrouble: '您的设备没有给出通行密钥。请重试，或选择其他方式。',
    required: '您的账户需要第二验证因素。请现在选择一种，只需一分钟。',
    list: '第二验证因素',
    lead: '有了第二验证因素，即使有人知道您的密码，也无法登录。',
    none: '您尚未设置。',
    app: '验证器应用',
    key: (device) => `通行密钥，创建于 ${device}`,
    since: (day) => `自 ${day} 起`,
    remove: '移除',
    removeOne: (name) => `移除：${name}`,
    addApp: '添加验证器应用',
    addKey: '添加通行密钥',
    codesLeft: (count) => `还剩 ${count} 个恢复代码。`,
    newCodes: '生成新的恢复代码',
    showFirst: '要在此处更改，请先确认是您本人。',
    endsOthers: '每次更改都会让您在所有其他浏览器中退出登录。',
    scan: '打开验证器应用，扫描此图，然后输入应用显示的验证码。',
    picture: '密钥的二维码',
    secret: '或在应用中输入：',
    shownOnce: '请输入应用当前显示的验证码。如果应用中还没有密钥，请返回并重新开始。',
    typed: '应用显示的验证码',
    confirm: '确认',
    makeKey: '创建通行密钥',
    makeKeyLead: '您的设备会要求指纹、面容或 PIN。这些都不会离开设备。',
    codes: '您的恢复代码',
    codesLead: '如果丢失设备，每个代码可以登录一次。它们只显示这一次：请打印，或与密码保存在一起。',
    codesKept: '我已保存',
    done: {
      removed: '已移除，您已在所有其他浏览器中退出登录。',
      added: '已添加，您已在所有其他浏览器中退出登录。',
    },
    errors: {
      wrong: '不正确。请用新的验证码重试。',
      'wrong-password': '密码不正确。未作任何更改。',
      form: '此页面打开时间过长。请重试。',
      unavailable: '目前无法验证。请稍后重试。',
      stale: '请先确认是您本人。未作任何更改。',
    },
  },
  problem: {
    'bad-request': {
      title: '无法理解此请求',
      detail: ['网址或提交的数据有误。请检查网址，或返回后重试。'],
    },
    'sign-in-required': {
      title: '请先登录',
      detail: ['登录后才能查看此内容。'],
    },
    'step-up-required': {
      title: '请确认是您本人',
      detail: ['此部分需要再次确认身份。请在单独的标签页中打开，或重新加载页面。'],
    },
    forbidden: {
      title: '您无权访问此页面',
      detail: ['您已登录，但当前账号没有查看此页面的权限。如有疑问，请联系此应用的管理员。'],
    },
    'cross-origin': {
      title: '请求来自其他网站',
      detail: ['为了您的安全，只接受从本应用页面发出的更改。请打开应用后重试。'],
    },
    'not-found': {
      title: '页面不存在',
      detail: ['该页面不存在或已移动。请检查网址。'],
    },
    'method-not-allowed': {
      title: '不支持此操作',
      detail: ['此地址不支持这种访问方式。请返回后重试。'],
    },
    'too-large': {
      title: '内容过大',
      detail: ['您发送的内容超出了应用的限制。请换用更小的文件或更短的文本。'],
    },
    'unsupported-type': {
      title: '不支持此数据类型',
      detail: ['此地址不接受以这种格式发送的数据。'],
    },
    'unknown-host': {
      title: '这不是此应用的地址',
      detail: [
        '应用正在运行，但只响应为它设定的地址。',
        '如果您是管理员：启动时请用 `--public-url` 指定用户访问的地址，例如 `https://app.example.org`。未指定时，只能在运行它的电脑上打开。',
      ],
    },
    'https-required': {
      title: '此连接不安全',
      detail: [
        '没有 https，网络中的任何人都可能读取密码、盗用会话，因此应用不在此地址提供服务。',
        '如果您是管理员：请启用 https，并用 `--public-url` 指定 https 地址。在完全可信的网络中，可用 `--insecure-http` 允许不加密访问。',
      ],
    },
    'too-many-requests': {
      title: '操作过于频繁',
      detail: ['来自此处的请求过多。您的数据不会丢失，请稍等片刻再试。'],
    },
    'headers-too-large': {
      title: '浏览器发送的信息过多',
      detail: ['通常是此网站的 Cookie 太多所致。请在浏览器中删除此网站的 Cookie，然后重试。'],
    },
    internal: {
      title: '服务器出错了',
      detail: ['这不是您的问题。请重试；如仍出现，请把下方编号告知此应用的管理员。'],
    },
    'app-unreachable': {
      title: '应用暂未响应',
      detail: ['应用可能正在重启。您的登录状态不受影响。'],
    },
    unavailable: {
      title: '暂时无法确认您的身份',
      detail: ['您并未退出登录。恢复后，一切照旧。'],
    },
    'app-timeout': {
      title: '应用响应超时',
      detail: ['应用可能正忙。您的登录状态不受影响，请稍后重试。'],
    },
  },
  actions: {
    signIn: '登录',
    again: '重试',
    home: (app) => `前往 ${app}`,
    otherAccount: '使用其他账号',
  },
  tryAgainIn: (seconds) => `请在 ${duration(seconds)}后重试。`,
  reloads: '此页面会自动重试。',
  reference: '请求编号',
}

import type { MailTexts, SelfServiceTexts } from '../self-service-texts.ts'

const notYou = '如果不是您本人操作，请忽略此邮件：没有任何更改。'

/** Our mails, in Simplified Chinese. */
export const mailZh: MailTexts = {
  register: (app, link, minutes) => ({
    subject: `您的 ${app} 账号`,
    lines: [
      `有人（很可能是您）想用此邮箱注册 ${app} 账号。`,
      `请在 ${minutes} 分钟内打开以下链接，设置用户名和密码。链接只能使用一次：`,
      link,
      notYou,
    ],
  }),
  hasAccount: (app, user, signIn, forgot) => ({
    subject: `您已有 ${app} 账号`,
    lines: [
      `有人（很可能是您）想将此邮箱用于 ${app} 账号。此邮箱已有账号：${user}。`,
      `登录：\n${signIn}`,
      `忘记密码：\n${forgot}`,
      notYou,
    ],
  }),
  resetPassword: (app, user, link, minutes) => ({
    subject: `重设 ${app} 密码`,
    lines: [
      `有人（很可能是您）忘记了 ${app} 账号 ${user} 的密码。`,
      `请在 ${minutes} 分钟内打开以下链接，设置新密码。链接只能使用一次：`,
      link,
      notYou,
    ],
  }),
  usernames: (app, users, signIn) => ({
    subject: `您的 ${app} 用户名`,
    lines: [`您在 ${app} 的用户名：${users.join('、')}`, signIn, notYou],
  }),
  changeEmail: (app, user, link, minutes) => ({
    subject: `确认您的 ${app} 邮箱`,
    lines: [
      `${app} 账号 ${user} 将使用此邮箱。`,
      `如果这是您的邮箱，请在 ${minutes} 分钟内打开以下链接。链接只能使用一次：`,
      link,
      '如果不是，请忽略此邮件。',
    ],
  }),
  passwordChanged: (app, user, forgot) => ({
    subject: `您的 ${app} 密码已更改`,
    lines: [
      `${app} 账号 ${user} 的密码刚刚被更改，所有会话均已结束。`,
      `如果不是您本人操作，请立即设置新密码：\n${forgot}`,
    ],
  }),
  emailChanged: (app, user) => ({
    subject: `您的 ${app} 邮箱已更改`,
    lines: [`${app} 账号 ${user} 的邮箱已更改。`, '如果不是您本人操作，请立即联系应用管理员。'],
  }),
}

/** The pages on which people look after their own accounts, in Simplified Chinese. */
export const selfServiceZh: SelfServiceTexts = {
  email: '邮箱',
  name: '您的姓名',
  send: '发送邮件',
  backToSignIn: '返回登录',
  asked: {
    heading: '请查收邮件',
    lead: '如果符合条件，邮件正在发送途中。邮件中的链接 30 分钟内有效。',
    hint: '没有收到？请查看垃圾邮件，并等待几分钟再重试。',
  },
  register: {
    heading: (app) => `注册 ${app}`,
    lead: '我们会向您的邮箱发送链接，以确认邮箱属于您。',
    domains: (domains) => `仅限 ${domains} 的邮箱。`,
    complete: '设置用户名和密码',
    as: (email) => `您的邮箱：${email}。`,
    usernameHint: '小写字母、汉字、数字、点和短横线，以字母或汉字开头。',
    submit: '创建账号',
  },
  forgotPassword: {
    heading: '忘记密码？',
    lead: '我们会向您登记的邮箱发送链接。在您使用链接之前，不会有任何更改。',
    account: '用户名或邮箱',
  },
  forgotUsername: {
    heading: '忘记用户名？',
    lead: '我们会将用户名发送到您的邮箱。',
  },
  resetPassword: {
    heading: '设置新密码',
    for: (user) => `账号：${user}。`,
    ends: '设置后，所有设备都将退出登录。',
    submit: '设置密码',
  },
  details: {
    heading: '您的资料',
    submit: '保存',
    changed: '已保存。下次登录后应用将显示新资料。',
    newEmail: '新邮箱',
    changeEmail: '更改邮箱',
    emailLead: (email) => `您的邮箱：${email}。打开发送到新邮箱的链接后，新邮箱才会生效。`,
    noEmail: '您尚未登记邮箱。打开发送到新邮箱的链接后，邮箱才会生效。',
  },
  confirmEmail: {
    heading: '这是您的邮箱吗？',
    lead: (user, email) => `账号 ${user} 将使用邮箱 ${email}。`,
    submit: '是，使用此邮箱',
    done: '新邮箱已保存。',
  },
  guest: '以访客身份继续',
  errors: {
    form: '页面打开时间过长，或浏览器禁用了 Cookie。未作任何更改，请重试。',
    unavailable: '暂时无法完成。未作任何更改，请稍后重试。',
    link: '此链接已失效：已被使用、已过期，或资料已更改。请重新申请。',
    'bad-email': '这不是邮箱地址，请检查。',
    domain: (domains) => `只能使用 ${domains} 的邮箱。`,
    same: '这已经是您的邮箱。',
    taken: '此用户名已被使用，请换一个。',
    'bad-name': '用户名无效。请使用 2 至 32 个小写字母、汉字、数字、点或短横线，并以字母或汉字开头。',
    unconfirmed: '密码已设置，但未能确认其他会话均已结束。请登录后查看账号页面。',
    missing: (label) => `请填写：${label}`,
  },
}

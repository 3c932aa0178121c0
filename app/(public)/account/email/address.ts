/** Where a change of address is confirmed; a token that is none leads to the page that says so. */
export const emailLinkAddress = (link: string): string =>
  /^[\w-]{43}$/.test(link) ? `/account/email?token=${link}` : '/account/email'

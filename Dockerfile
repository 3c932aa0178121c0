# The portal's processes; `compose.yaml` runs one of each. The web process is a server of our own around Next
# (docs/decisions/0003), so the image holds the production packages and not Next's standalone folder.
FROM node:24-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci
COPY . .
RUN NEXT_TELEMETRY_DISABLED=1 npm run build && rm -rf .next/cache

FROM node:24-bookworm-slim
ENV NODE_ENV=production NEXT_TELEMETRY_DISABLED=1
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --omit=dev && npm cache clean --force
COPY tsconfig.json next.config.ts ./
COPY public public
COPY scripts scripts
COPY lib lib
COPY db db
COPY key-service key-service
COPY --from=build /app/.next .next
RUN mkdir /var/lib/latchkey && chown node:node /var/lib/latchkey
USER node
EXPOSE 3000
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s \
  CMD ["node", "-e", "fetch('http://127.0.0.1:3000/api/health').then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
# The start itself and not npm, so that it gets the signals; by the Node that the project brings, as npm would.
CMD ["node_modules/.bin/node", "--import", "./scripts/typescript.mjs", "scripts/start.ts"]

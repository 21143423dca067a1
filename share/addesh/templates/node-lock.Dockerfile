FROM node:22-slim
# Another registry:  --build-arg npm_config_registry=URL
ARG npm_config_registry
ENV npm_config_update_notifier=false npm_config_fund=false
WORKDIR /app
# What the project needs, its test tools too, comes before its own files, so
# that it is installed again only when one of these two changes.
COPY package.json package-lock.json ./
RUN npm ci --no-audit && npm cache clean --force
COPY . .
RUN npm run build --if-present
ENV npm_config_cache=/tmp/npm
USER 10001:10001
CMD ["npm", "start"]

FROM ruby:3.3
# Another source of gems:  --build-arg BUNDLE_MIRROR__ALL=URL
ARG BUNDLE_MIRROR__ALL
WORKDIR /app
RUN gem install --no-document --conservative \
	${BUNDLE_MIRROR__ALL:+--clear-sources --source "$BUNDLE_MIRROR__ALL"} \
	rspec minitest rake
# What the project needs comes before its own files, so that it is installed
# again only when Gemfile or Gemfile.lock changes.
COPY Gemfile* ./
RUN bundle install
COPY . .
USER 10001:10001
CMD ["ruby"]

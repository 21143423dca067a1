FROM ruby:3.3
# Another source of gems:  --build-arg BUNDLE_MIRROR__ALL=URL
ARG BUNDLE_MIRROR__ALL
WORKDIR /app
RUN gem install --no-document --conservative \
	${BUNDLE_MIRROR__ALL:+--clear-sources --source "$BUNDLE_MIRROR__ALL"} \
	rspec minitest rake
# All files, as a gemspec takes its version and its list of files from others.
COPY . .
RUN bundle install
USER 10001:10001
CMD ["ruby"]

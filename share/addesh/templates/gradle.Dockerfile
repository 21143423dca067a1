FROM gradle:8-jdk21
ENV GRADLE_USER_HOME=/opt/gradle-home
WORKDIR /app
# All files, as a build is described by many: catalogs, included builds.
# Another repository is set in the project's settings.
COPY . .
RUN gradle --no-daemon assemble testClasses
# Every user's Gradle looks there, and writes elsewhere.
ENV GRADLE_RO_DEP_CACHE=/opt/gradle-home/caches GRADLE_USER_HOME=/tmp/gradle
USER 10001:10001
CMD ["gradle", "--no-daemon", "--offline", "test"]

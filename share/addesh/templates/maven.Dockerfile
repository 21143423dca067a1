FROM maven:3.9-eclipse-temurin-21
# Another repository:  --build-arg MAVEN_ARGS="-s settings.xml"
ARG MAVEN_ARGS
# A place of its own, where every user's Maven looks.
ENV MAVEN_ARGS="-Dmaven.repo.local=/opt/maven-repository $MAVEN_ARGS"
WORKDIR /app
# What the project needs comes before its own files, so that it is loaded again
# only when pom.xml or a settings file changes.
COPY *.xml ./
RUN mvn --batch-mode --non-recursive dependency:go-offline
COPY . .
# Surefire loads what runs the tests when it runs them; how they end does not
# matter here.
RUN mvn --batch-mode -Dmaven.test.failure.ignore=true package
USER 10001:10001
CMD ["mvn", "--batch-mode", "--offline", "test"]

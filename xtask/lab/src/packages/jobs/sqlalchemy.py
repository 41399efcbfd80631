from sqlalchemy import ForeignKey, String, create_engine, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import (
    DeclarativeBase,
    Mapped,
    Session,
    mapped_column,
    relationship,
    selectinload,
)


class Base(DeclarativeBase):
    pass


class User(Base):
    __tablename__ = "user"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(30), unique=True)
    posts: Mapped[list["Post"]] = relationship(back_populates="user", cascade="all, delete-orphan")


class Post(Base):
    __tablename__ = "post"
    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str]
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    user: Mapped[User] = relationship(back_populates="posts")


def mapped(given={"ada": ["one", "two"], "grace": ["three"]}):
    """Maps classes to SQLite in memory: relations, joins, a transaction that fails."""
    engine = create_engine("sqlite://")
    Base.metadata.create_all(engine)
    with Session(engine) as session:
        session.add_all(
            User(name=name, posts=[Post(title=title) for title in titles])
            for name, titles in given.items()
        )
        session.commit()
        counts = session.execute(
            select(User.name, func.count(Post.id))
            .join(Post)
            .group_by(User.name)
            .order_by(User.name)
        ).all()
        users = session.scalars(
            select(User).options(selectinload(User.posts)).order_by(User.id)
        ).all()
        titles = [[post.title for post in user.posts] for user in users]
        session.add(User(name="ada"))
        try:
            session.commit()
            refused = None
        except IntegrityError as error:
            session.rollback()
            refused = str(error.orig)
        session.delete(users[0])
        session.commit()
        return [
            [list(pair) for pair in counts],
            titles,
            refused,
            session.scalar(select(func.count(Post.id))),
        ]


def in_a_file(given=500):
    """Keeps a table in a file of SQLite, and reads it by another connection."""
    import os
    import tempfile

    from sqlalchemy import text

    with tempfile.TemporaryDirectory() as folder:
        address = "sqlite:///" + os.path.join(folder, "a.db")
        with create_engine(address).begin() as connection:
            connection.execute(text("create table t (n integer)"))
            connection.execute(text("insert into t values (:n)"), [{"n": n} for n in range(given)])
        with create_engine(address).connect() as connection:
            return list(connection.execute(text("select count(*), sum(n) from t")).one())

#include "engine/gym/sign_in.h"

#include "tests/engine/gym/gym_fixture.h"

namespace tenantry::gym {
namespace {

class SignInTest : public GymFixture {
 protected:
  LoginCandidates Find(const std::string& email,
                       std::optional<std::string_view> gym = std::nullopt) {
    Result<LoginCandidates> found =
        FindLoginCandidates(engine().View(), email, gym, clock_.NowUnixMs(), ReadTier::kBlocking);
    EXPECT_TRUE(found.ok()) << found.status().ToString();
    return *std::move(found);
  }
  SignedIn LogIn(const LoginCandidate& candidate) {
    return Must(SignIn(engine(), candidate, "r", ReadTier::kBlocking));
  }
  Done<Refreshed> Show(const std::string& token) {
    return Released(
        Refresh(engine(), Gym(gym_id_).ref, *ParseRefreshToken(token), "r", ReadTier::kBlocking));
  }
  size_t DevicesOf(const std::string& member_id) {
    return Space()
        .CountIndex<schema::GymRefreshToken>({.index = 1, .equal = {std::string_view(member_id)}})
        .value();
  }
};

TEST_F(SignInTest, SignUpMakesAGymWithCodeAndOwner) {
  const SignedIn in = SignUp(" Second Hall ", "Two@Iron.example");
  EXPECT_EQ(View(in.tenant->getName()), "Second Hall");
  EXPECT_EQ(View(in.tenant->getCode()), "GYM0002");
  EXPECT_EQ(View(in.member->getEmail()), "Two@Iron.example");
  EXPECT_EQ(in.member->getRole(), schema::GymRole::OWNER);
  EXPECT_TRUE(in.member->getOwnerRights());
  EXPECT_EQ(in.token.token.size(), 64u);
  EXPECT_TRUE(IsGymId(View(in.member->getId())));
}

// F36: one name, one gym.
TEST_F(SignInTest, AGymNameIsTakenOnce) {
  const auto input = Body<schema::GymSignupInput>(
      R"({"email":"a@b.example","password":"password1","name":"A","tenantName":"Iron Hall "})");
  const auto done = Released(SignUpGym(engine(), {*input, "h", "r"}, ReadTier::kBlocking));
  EXPECT_EQ(done.outcome.status.code(), StatusCode::kAlreadyExists);
  EXPECT_EQ(RefusedBy(done.outcome), "signup.gym_name_free");
  EXPECT_EQ(CheckGymNameFree(engine().View(), " Iron Hall", ReadTier::kBlocking).code(),
            StatusCode::kAlreadyExists);
  EXPECT_TRUE(CheckGymNameFree(engine().View(), "iron hall", ReadTier::kBlocking).ok());
}

// F47, R4: an e-mail is unique within a gym whatever its case, and free in every other gym.
TEST_F(SignInTest, AnEmailIsTakenOncePerGym) {
  const tenant::TenantEntry gym = Gym(gym_id_);
  const auto done = Released(
      SignUpMember(engine(), {gym, "MIA@iron.EXAMPLE", "M", "h", "r"}, ReadTier::kBlocking));
  EXPECT_EQ(done.outcome.status.code(), StatusCode::kAlreadyExists);
  EXPECT_EQ(
      CheckEmailFree(engine().View(), gym.ref, "MIA@iron.example", ReadTier::kBlocking).code(),
      StatusCode::kAlreadyExists);
  EXPECT_EQ(View(SignUp("Other", "mia@iron.example").tenant->getName()), "Other");
}

TEST_F(SignInTest, CandidatesComeMostRecentlyUsedFirst) {
  const std::string first = gym_id_;
  const std::string second = String(SignUp("B", "owner@iron.example").tenant->getId());
  const std::string third = String(SignUp("C", "owner@iron.example").tenant->getId());
  LoginCandidates found = Find("OWNER@iron.example");
  ASSERT_EQ(found.gyms.size(), 3u);
  EXPECT_TRUE(found.several);
  EXPECT_EQ(View(found.gyms[0].record->getId()), third);
  EXPECT_EQ(View(found.gyms[2].record->getId()), first);
  // Using a gym brings it to the front, though the hour is not over.
  EXPECT_TRUE(found.gyms[2].touch);
  LogIn(found.gyms[2]);
  found = Find("owner@iron.example");
  EXPECT_EQ(View(found.gyms[0].record->getId()), first);
  // Using it again is not written down until the hour is over.
  EXPECT_FALSE(found.gyms[0].touch);
  clock_.AdvanceMs(kLastUsedEveryMs + 100);
  EXPECT_TRUE(Find("owner@iron.example").gyms[0].touch);
  const LoginCandidates chosen = Find("owner@iron.example", std::string_view(second));
  ASSERT_EQ(chosen.gyms.size(), 1u);
  EXPECT_FALSE(chosen.several);
  EXPECT_EQ(View(chosen.gyms[0].record->getId()), second);
  EXPECT_TRUE(Find("nobody@iron.example").gyms.empty());
}

TEST_F(SignInTest, AtMostFiveGymsAreTried) {
  for (int i = 0; i < 6; ++i) SignUp("G" + std::to_string(i), "owner@iron.example");
  EXPECT_EQ(Find("owner@iron.example").gyms.size(), kLoginGymsMax);
}

TEST_F(SignInTest, APasswordChangedMeanwhileIsRefused) {
  LoginCandidates found = Find("mia@iron.example");
  const Outcome changed = Run(Gym(gym_id_).ref, [&](Transaction& tx) -> Status {
    TNT_ASSIGN_OR_RETURN(const Member before,
                         tx.Get<schema::GymMember>({std::string_view(member_id_)}));
    codec::Draft<schema::GymMember> after(before);
    after->setPasswordHash("another");
    return tx.Update(before, after);
  });
  ASSERT_TRUE(changed.status.ok());
  const auto done = Released(SignIn(engine(), found.gyms.at(0), "r", ReadTier::kBlocking));
  EXPECT_EQ(done.outcome.status.code(), StatusCode::kUnauthenticated);
}

// An imported hash is replaced by one of our own in the entry that signs in.
TEST_F(SignInTest, AnOldHashIsUpgraded) {
  LoginCandidate candidate = Find("mia@iron.example").gyms.at(0);
  candidate.upgraded_hash = "better";
  LogIn(candidate);
  EXPECT_EQ(View(Find("mia@iron.example").gyms.at(0).member->getPasswordHash()), "better");
}

// F46: tokens rotate, are kept as hashes, and a second device does not sign out the first.
TEST_F(SignInTest, RefreshRotatesOneDevice) {
  const SignedIn phone = LogIn(Find("mia@iron.example").gyms.at(0));
  const SignedIn laptop = LogIn(Find("mia@iron.example").gyms.at(0));
  const Done<Refreshed> once = Show(phone.token.token);
  ASSERT_TRUE(once.ok());
  EXPECT_EQ(once.value->rotation, Rotation::kRotated);
  EXPECT_NE(once.value->token.token, phone.token.token);
  EXPECT_EQ(once.value->token.device_id, phone.token.device_id);
  EXPECT_EQ(View((*once.value->member)->getId()), member_id_);
  EXPECT_EQ(Show(laptop.token.token).value->rotation, Rotation::kRotated);
  EXPECT_EQ(Show(once.value->token.token).value->rotation, Rotation::kRotated);
  const auto stored =
      Space().Get<schema::GymRefreshToken>({std::string_view(phone.token.device_id)});
  ASSERT_TRUE(stored.ok());
  EXPECT_EQ(stored->bytes().find(phone.token.token), std::string_view::npos);
}

TEST_F(SignInTest, ReuseWithinTheGraceIsHarmlessAndLaterRevokes) {
  const SignedIn in = LogIn(Find("mia@iron.example").gyms.at(0));
  const std::string next = Show(in.token.token).value->token.token;
  clock_.AdvanceMs(kRotationGraceMs);
  EXPECT_EQ(Show(in.token.token).value->rotation, Rotation::kRefused);
  EXPECT_TRUE(*IsDeviceAlive(Space(), in.token.device_id));
  clock_.AdvanceMs(1);
  EXPECT_EQ(Show(in.token.token).value->rotation, Rotation::kRevoked);
  EXPECT_FALSE(*IsDeviceAlive(Space(), in.token.device_id));
  EXPECT_EQ(Show(next).value->rotation, Rotation::kRefused);
}

TEST_F(SignInTest, AnOlderTokenRevokesEvenRightAfterARotation) {
  const SignedIn in = LogIn(Find("mia@iron.example").gyms.at(0));
  const std::string second = Show(in.token.token).value->token.token;
  clock_.AdvanceMs(60'000);
  ASSERT_EQ(Show(second).value->rotation, Rotation::kRotated);
  EXPECT_EQ(Show(in.token.token).value->rotation, Rotation::kRevoked);
}

TEST_F(SignInTest, ATokenExpiresThirtyDaysAfterItsRotation) {
  const SignedIn in = LogIn(Find("mia@iron.example").gyms.at(0));
  clock_.AdvanceMs(kRefreshTokenLifeMs - 1);
  const Done<Refreshed> rotated = Show(in.token.token);
  ASSERT_EQ(rotated.value->rotation, Rotation::kRotated);
  clock_.AdvanceMs(kRefreshTokenLifeMs);
  EXPECT_EQ(Show(rotated.value->token.token).value->rotation, Rotation::kRefused);
}

TEST_F(SignInTest, SignOutEndsOnlyOnesOwnDevice) {
  const SignedIn in = LogIn(Find("mia@iron.example").gyms.at(0));
  ASSERT_TRUE(SignOut(Owner(), in.token.device_id).status.ok());
  EXPECT_EQ(Show(in.token.token).value->rotation, Rotation::kRotated);
  const Outcome out = SignOut(Mia(), in.token.device_id);
  ASSERT_TRUE(out.status.ok());
  engine().WaitReleased(out.release_index);
  EXPECT_FALSE(*IsDeviceAlive(Space(), in.token.device_id));
}

// Goal: devices of a member stay bounded, and one that is forgotten is signed out.
TEST_F(SignInTest, DevicesAreBounded) {
  const SignedIn first = LogIn(Find("mia@iron.example").gyms.at(0));
  const Outcome out = SignOut(Mia(), first.token.device_id);
  engine().WaitReleased(out.release_index);
  EXPECT_FALSE(*IsDeviceAlive(Space(), first.token.device_id));
  const SignedIn second = LogIn(Find("mia@iron.example").gyms.at(0));
  SignedIn last = second;
  for (size_t i = 0; i < kDevicesMax + 3; ++i) {
    clock_.AdvanceMs(10);
    last = LogIn(Find("mia@iron.example").gyms.at(0));
  }
  EXPECT_EQ(DevicesOf(member_id_), kDevicesMax);
  EXPECT_FALSE(*IsDeviceAlive(Space(), first.token.device_id));
  EXPECT_FALSE(*IsDeviceAlive(Space(), second.token.device_id));
  EXPECT_EQ(Show(last.token.token).value->rotation, Rotation::kRotated);
}

TEST(RefreshTokenTest, OnlySixtyFourLowerCaseDigitsAreTokens) {
  const std::string good(64, 'a');
  EXPECT_TRUE(ParseRefreshToken(good));
  EXPECT_FALSE(ParseRefreshToken(""));
  EXPECT_FALSE(ParseRefreshToken(good + "a"));
  EXPECT_FALSE(ParseRefreshToken(std::string(64, 'A')));
  EXPECT_FALSE(ParseRefreshToken(std::string(64, 'g')));
}

}  // namespace
}  // namespace tenantry::gym
